// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * steady: keeps preempt notifiers switched on in the scheduler while both hypervisors are measured.
 *
 * Each would switch them on and off, KVM with every VM, which patches __schedule() on all CPUs; and
 * QEMU 7.2 sometimes goes on executing the int3 of such a patch (Documentation/rootvm.md).
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/preempt.h>

static int __init steady_init(void)
{
	preempt_notifier_inc();
	return 0;
}

static void __exit steady_exit(void)
{
	preempt_notifier_dec();
}

module_init(steady_init);
module_exit(steady_exit);

MODULE_DESCRIPTION("Keeps preempt notifiers switched on for benchmarks");
MODULE_LICENSE("GPL");
