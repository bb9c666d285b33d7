// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * provoke: makes the kernel report trouble, for tests/system/rootvm.sh to see that
 * tests/rootvm notices. Debian's kernels have no lkdtm, which would do the same.
 *
 *   insmod provoke.ko how=warning|oops|int3|lockup
 */
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/string.h>

static char *how = "warning";
module_param(how, charp, 0400);
MODULE_PARM_DESC(how, "warning, oops, int3 or lockup");

static void spin_for_ever(void *unused)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

static int __init provoke_init(void)
{
	if (!strcmp(how, "warning"))
		WARN(1, "provoked\n");
	else if (!strcmp(how, "oops"))
		*(volatile int *)8 = 0;
	else if (!strcmp(how, "int3"))
		asm volatile("int3");
	else if (!strcmp(how, "lockup"))
		on_each_cpu(spin_for_ever, NULL, 1);
	else
		return -EINVAL;
	return 0;
}

static void __exit provoke_exit(void)
{
}

module_init(provoke_init);
module_exit(provoke_exit);

MODULE_DESCRIPTION("Provokes the trouble that the test harness has to notice");
MODULE_LICENSE("GPL");
