/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that these modules are built for, under the
 * newest one's name.  Nothing else tests the kernel's version.
 */
#ifndef ROOTSTOCK_RS_COMPAT_H
#define ROOTSTOCK_RS_COMPAT_H

#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/syscore_ops.h>
#include <linux/version.h>
#include <asm/cpufeature.h>
#include <asm/reboot.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define rs_rcu_note_guest()	rcu_virt_note_context_switch(smp_processor_id())
#else
#define rs_rcu_note_guest()	rcu_virt_note_context_switch()
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set, vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

/* Before 6.6 a crash turns SVM off by itself, and VMX where KVM's list says so. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
static inline void rs_emergency_register(void (*callback)(void))
{
}

static inline void rs_emergency_unregister(void (*callback)(void))
{
}
#else
static inline void rs_emergency_register(void (*callback)(void))
{
	cpu_emergency_register_virt_callback(callback);
}

static inline void rs_emergency_unregister(void (*callback)(void))
{
	cpu_emergency_unregister_virt_callback(callback);
}
#endif

/* FRED came with 6.9; its events do not come through the IDT. */
static inline bool rs_host_has_fred(void)
{
#ifdef X86_FEATURE_FRED
	return boot_cpu_has(X86_FEATURE_FRED);
#else
	return false;
#endif
}

/* The callbacks gained an argument, the registration an object (Kbuild looks for it). */
#ifdef RS_HAVE_SYSCORE
#define RS_SYSCORE_ARGUMENT	void *unused
#define RS_SYSCORE(name, ...)						\
	static const struct syscore_ops name##_ops = { __VA_ARGS__ };	\
	static struct syscore name = { .ops = &name##_ops }
#else
#define RS_SYSCORE_ARGUMENT	void
#define RS_SYSCORE(name, ...)						\
	static struct syscore_ops name = { __VA_ARGS__ }
#define register_syscore	register_syscore_ops
#define unregister_syscore	unregister_syscore_ops
#endif

/* 6.8 took the count away. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
static inline void rs_eventfd_signal(struct eventfd_ctx *eventfd)
{
	eventfd_signal(eventfd, 1);
}
#else
static inline void rs_eventfd_signal(struct eventfd_ctx *eventfd)
{
	eventfd_signal(eventfd);
}
#endif

/* 6.16 moved the FPU out of thread_struct. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define rs_current_fpstate()	(current->thread.fpu.fpstate)
#else
#define rs_current_fpstate()	(x86_task_fpu(current)->fpstate)
#endif

#endif
