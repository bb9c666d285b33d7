/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each device test file needs: Check, the fake host, and tables of tests.
 */
#ifndef TESTS_VDEV_TEST_H
#define TESTS_VDEV_TEST_H

#include <string.h>

#include <rs_types.h>

#include "fake_host.h"
#include "run_tests.h"

#endif
