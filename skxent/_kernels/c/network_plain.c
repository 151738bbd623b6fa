/* Networks for any processor: plain loops around the BLAS that SciPy brings. */
#define SKX_LEVEL 0
#define SKX_LEVEL_NAME plain
#include "level.inc.h"
