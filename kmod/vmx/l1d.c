// SPDX-License-Identifier: GPL-2.0-only
/*
 * L1 Terminal Fault: a guest reads what the first-level data cache holds, whatever its page tables
 * allow (Linux, Documentation/admin-guide/hw-vuln/l1tf.rst).  So the cache is flushed before an
 * entry: as l1tf= asks for, always, never, or when the host touched more than the guest's own.
 *
 * Which CPUs need it, and what the administrator wants, is Linux's to say; a hypervisor below us
 * may flush for us.
 */
#include <linux/cpu.h>
#include <linux/slab.h>
#include <linux/sched/smt.h>
#include <asm/hardirq.h>

#include "vmx/vmx.h"

#define SOFTWARE_ORDER	4		/* 64 KiB, twice the largest such cache */
#define CACHE_LINE	64

static enum { FLUSH_NEVER, FLUSH_CONDITIONALLY, FLUSH_ALWAYS } flush __ro_after_init;

/* Read in place of the cache's contents by CPUs without the command. */
static u8 *filler __ro_after_init;

static bool needless(void)
{
	u64 capabilities = 0;

	if (!boot_cpu_has_bug(X86_BUG_L1TF))
		return true;
	if (boot_cpu_has(X86_FEATURE_ARCH_CAPABILITIES))
		rdmsrl(MSR_IA32_ARCH_CAPABILITIES, capabilities);
	return capabilities & ARCH_CAP_SKIP_VMENTRY_L1DFLUSH;
}

/* As Linux maps l1tf= to what a hypervisor does. */
static void choose(void)
{
	switch (l1tf_mitigation) {
	case L1TF_MITIGATION_OFF:
		flush = FLUSH_NEVER;
		return;
	case L1TF_MITIGATION_FULL:
	case L1TF_MITIGATION_FULL_FORCE:
		flush = FLUSH_ALWAYS;
		break;
	default:
		flush = FLUSH_CONDITIONALLY;
	}
	if (sched_smt_active())
		pr_warn("L1TF: guests can read what threads of their core have cached: see l1tf=\n");
}

/**
 * vmx_l1d_prepare() - when the module loads
 *
 * Return: 0, -ENOMEM.
 */
int vmx_l1d_prepare(void)
{
	if (needless())
		return 0;
	choose();
	if (flush == FLUSH_NEVER || boot_cpu_has(X86_FEATURE_FLUSH_L1D))
		return 0;
	filler = (u8 *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, SOFTWARE_ORDER);
	return filler ? 0 : -ENOMEM;
}

void vmx_l1d_release(void)
{
	free_pages((unsigned long)filler, SOFTWARE_ORDER);
}

static void read_filler(unsigned int stride)
{
	unsigned int i;

	for (i = 0; i < PAGE_SIZE << SOFTWARE_ORDER; i += stride)
		READ_ONCE(filler[i]);
}

static void flush_now(void)
{
	if (!filler) {
		wrmsrl(MSR_IA32_FLUSH_CMD, L1D_FLUSH);
		return;
	}
	read_filler(PAGE_SIZE);		/* translations first, for the walks use the cache too */
	sync_core();
	read_filler(CACHE_LINE);
	rmb();				/* all of it is read before the entry */
}

void vmx_flush_l1d(struct vmx_vp *vmx)
{
	bool wanted = vmx->flush_l1d;

	if (likely(flush == FLUSH_NEVER))
		return;
	vmx->flush_l1d = false;
	wanted |= kvm_get_cpu_l1tf_flush_l1d();		/* an interrupt of the host's came */
	kvm_clear_cpu_l1tf_flush_l1d();
	if (wanted || flush == FLUSH_ALWAYS)
		flush_now();
}
