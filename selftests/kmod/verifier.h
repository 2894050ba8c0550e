/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that the verifier must refuse: the files in reject/, a case each. */
#ifndef _KERNEL_VERIFIER_H
#define _KERNEL_VERIFIER_H

#include "ktap.h"

/** verifier_cases - a case for each object in reject/, at most @max; how many */
unsigned int verifier_cases(struct ktap_case *cases, unsigned int max);

#endif /* _KERNEL_VERIFIER_H */
