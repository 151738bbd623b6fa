/* Networks for processors with AVX-512. */
#define SKX_LEVEL 512
#define SKX_LEVEL_NAME avx512
#include "level.inc.h"
