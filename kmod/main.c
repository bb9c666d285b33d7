// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: which vendor, and virtualization on and off on each CPU - at load and
 * unload, CPU hotplug, suspend, reboot and crash.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/reboot.h>

#include "hv.h"
#include "rs_compat.h"

const struct rs_backend *rs_backend;

static enum cpuhp_state hotplug_state;
static DEFINE_PER_CPU(bool, enabled);

static const struct rs_backend *const backends[] = { &rs_svm_backend, &rs_vmx_backend };

int rs_refuse(int err, const char *why)
{
	pr_err("%s\n", why);
	return err;
}

static int cpu_on(unsigned int cpu)
{
	int err = rs_backend->cpu_enable();

	if (err)
		pr_err("CPU %u: cannot enable %s (%d); unload what else uses it (kvm_amd, kvm_intel)\n",
		       cpu, rs_backend->name, err);
	else
		__this_cpu_write(enabled, true);
	return err;
}

static int cpu_off(unsigned int cpu)
{
	if (__this_cpu_read(enabled))
		rs_backend->cpu_disable();
	__this_cpu_write(enabled, false);
	return 0;
}

static void disable_here(void *unused)
{
	cpu_off(smp_processor_id());
}

/* Suspend: the other CPUs were taken offline; this one goes and comes back here. */
static int suspend(RS_SYSCORE_ARGUMENT)
{
	disable_here(NULL);
	return 0;
}

static void resume(RS_SYSCORE_ARGUMENT)
{
	cpu_on(smp_processor_id());
}

RS_SYSCORE(syscore, .suspend = suspend, .resume = resume);

static int reboot(struct notifier_block *block, unsigned long action, void *data)
{
	on_each_cpu(disable_here, NULL, 1);
	return NOTIFY_OK;
}

static struct notifier_block reboot_notifier = { .notifier_call = reboot };

/* From an NMI of a crashing kernel: no lock, no sleep. */
static void emergency(void)
{
	if (__this_cpu_read(enabled))
		rs_backend->cpu_disable();
}

static int choose_backend(void)
{
	unsigned int i;
	int err = -EOPNOTSUPP;

	for (i = 0; i < ARRAY_SIZE(backends); i++) {
		err = backends[i]->probe();
		if (!err) {
			rs_backend = backends[i];
			return 0;
		}
		if (err != -EOPNOTSUPP)		/* the vendor is right, something else is not */
			return err;
	}
	pr_err("this CPU has neither AMD SVM nor Intel VMX: see the BIOS setup\n");
	return err;
}

/* One line, for reports of bugs; debugfs has the whole list. */
static void announce(void)
{
	struct rs_feature feature;
	char used[400] = "";
	unsigned int i;
	size_t at = 0;

	for (i = 0; rs_backend->feature(i, &feature); i++)
		if (feature.used)
			at += scnprintf(used + at, sizeof(used) - at, " %s", feature.name);
	pr_info("%s, up to %u VPs a partition, with%s\n", rs_backend->name, RS_MAX_VPS, used);
}

static int __init rs_hv_init(void)
{
	int err = choose_backend();

	if (err)
		return err;
	rs_cpuid_init();
	rs_cpu_init();
	err = rs_backend->host_prepare();
	if (err)
		return err;
	err = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "rootstock:online", cpu_on, cpu_off);
	if (err < 0)
		goto release;
	hotplug_state = err;
	register_syscore(&syscore);
	register_reboot_notifier(&reboot_notifier);
	rs_emergency_register(emergency);
	preempt_notifier_inc();
	rs_debugfs_init();
	announce();
	return 0;

release:
	rs_backend->host_release();
	return err;
}

static void __exit rs_hv_exit(void)
{
	rs_debugfs_exit();
	preempt_notifier_dec();
	rs_emergency_unregister(emergency);
	unregister_reboot_notifier(&reboot_notifier);
	unregister_syscore(&syscore);
	cpuhp_remove_state(hotplug_state);
	rs_backend->host_release();
}

module_init(rs_hv_init);
module_exit(rs_hv_exit);
MODULE_DESCRIPTION("Rootstock hypervisor core");
MODULE_AUTHOR("The Rootstock authors");
MODULE_LICENSE("GPL");
