/* Networks for processors with AVX2 and FMA. */
#define SKX_LEVEL 256
#define SKX_LEVEL_NAME avx2
#include "level.inc.h"
