// The functions of this module are inline; this file makes it a library.
#include "CLanes.h"
