// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual processors: creation, reset, and the run loop.
 *
 * A VP runs in the thread that calls rs_vp_run(), which owns it (vp->mutex) until
 * that returns.  Each turn of the loop acts on requests, blocks while the guest has
 * nothing to do, enters the guest once, and acts on the exit.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "guest.h"
#include "hv.h"
#include "speculation.h"
#include "trace.h"

/* ---- what the local APIC asks for */

static struct rs_vp *lapic_vp(struct rs_lapic *lapic)
{
	return container_of(lapic, struct rs_vp, lapic);
}

static u64 lapic_now(struct rs_lapic *lapic)
{
	return ktime_get_ns();
}

static void lapic_arm(struct rs_lapic *lapic, u64 deadline)
{
	rs_vp_arm_timer(lapic_vp(lapic), RS_TIMER_LAPIC, deadline);
}

static u64 lapic_tsc(struct rs_lapic *lapic)
{
	return rs_guest_tsc(lapic_vp(lapic));
}

static u64 lapic_tsc_to_ns(struct rs_lapic *lapic, u64 ticks)
{
	u64 hz = lapic_vp(lapic)->partition->tsc_hz;

	return ticks / hz > S32_MAX ? S64_MAX : mul_u64_u64_div_u64(ticks, NSEC_PER_SEC, hz);
}

static void lapic_send(struct rs_lapic *lapic, const struct rs_ipi *ipi)
{
	struct rs_vp *vp = lapic_vp(lapic);

	rs_ipi_send(vp->partition, vp, ipi);
}

static void lapic_eoi(struct rs_lapic *lapic, u8 vector)
{
	set_bit(vector, lapic_vp(lapic)->eoi_pending);
}

static void lapic_due(struct rs_lapic *lapic, u64 tsc)
{
	struct rs_vp *vp = lapic_vp(lapic);

	vp->due = tsc - vp->tsc_offset;
}

static const struct rs_lapic_ops lapic_ops = {
	.now = lapic_now,
	.arm = lapic_arm,
	.tsc = lapic_tsc,
	.tsc_to_ns = lapic_tsc_to_ns,
	.send = lapic_send,
	.eoi = lapic_eoi,
	.due = lapic_due,
};

/* ---- the thread's CPU */

/* Which VP was in this CPU last: no two ever had the same number. */
static DEFINE_PER_CPU(u64, last_vp);

/*
 * What another VP made the CPU believe about branches is not for this one.  The barrier is nothing
 * where Linux found that the CPU needs none.
 */
static void forget_branches(const struct rs_vp *vp)
{
	u64 number = vp->partition->id * RS_MAX_VPS + vp->index + 1;

	if (__this_cpu_read(last_vp) == number)
		return;
	__this_cpu_write(last_vp, number);
	indirect_branch_prediction_barrier();
}

/* While a VP runs, its backend's state is in the CPU that its thread has.  Preemption off. */
static void vp_load(struct rs_vp *vp)
{
	WRITE_ONCE(vp->cpu, smp_processor_id());
	forget_branches(vp);
	rs_backend->load(vp);
}

static void vp_sched_in(struct preempt_notifier *notifier, int cpu)
{
	vp_load(container_of(notifier, struct rs_vp, notifier));
}

static void vp_sched_out(struct preempt_notifier *notifier, struct task_struct *next)
{
	rs_backend->put(container_of(notifier, struct rs_vp, notifier));
}

static struct preempt_ops vp_preempt_ops = {
	.sched_in = vp_sched_in,
	.sched_out = vp_sched_out,
};

/* ---- life */

/**
 * rs_vp_reset() - INIT (SDM3 table 10-1): what survives it is the APIC's ID and base,
 * the FPU, and MSRs that are not part of the processor's mode
 * @vp: the VP
 */
void rs_vp_reset(struct rs_vp *vp)
{
	memset(&vp->regs, 0, sizeof(vp->regs));
	vp->regs.gpr[RS_RDX] = cpuid_eax(1);
	vp->regs.rip = 0xfff0;
	vp->regs.rflags = X86_EFLAGS_FIXED;
	memset(vp->dr, 0, sizeof(vp->dr));
	vp->event.valid = false;
	vp->nmi_pending = false;
	vp->interrupt_offered = -1;
	vp->ext_int_vector = -1;
	vp->activity = vp->index ? RS_ACTIVITY_WAIT_SIPI : 0;
	rs_lapic_reset(&vp->lapic);
	rs_registers_reset(vp);
	rs_backend->vp_reset(vp);
}

static struct rs_vp *vp_alloc(struct rs_partition *partition, u32 index)
{
	struct rs_vp *vp = kzalloc(sizeof(*vp), GFP_KERNEL_ACCOUNT);

	if (!vp)
		return NULL;
	vp->partition = partition;
	vp->index = index;
	vp->xcr0 = XFEATURE_MASK_FP;
	vp->cpu = -1;
	vp->tsc_offset = -partition->tsc_base;
	mutex_init(&vp->mutex);
	rcuwait_init(&vp->wait);
	preempt_notifier_init(&vp->notifier, &vp_preempt_ops);
	rs_calls_init(vp);
	rs_vp_timers_init(vp);
	rs_lapic_init(&vp->lapic, index, index == 0, &lapic_ops);
	rs_advance_init(vp);
	return vp;
}

static int vp_init(struct rs_vp *vp)
{
	int err = -ENOMEM;

	vp->page = (struct vid_vp_page *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vp->page)
		return err;
	if (!fpu_alloc_guest_fpstate(&vp->fpu))
		goto free_page;
	err = rs_outbox_init(vp);
	if (err)
		goto free_fpu;
	err = rs_backend->vp_init(vp);
	if (err)
		goto free_outbox;
	rs_backend->tsc_offset(vp, vp->tsc_offset);
	rs_tlfs_vp_init(vp);
	rs_vp_reset(vp);
	return 0;

free_outbox:
	rs_outbox_destroy(vp);
free_fpu:
	fpu_free_guest_fpstate(&vp->fpu);
free_page:
	free_page((unsigned long)vp->page);
	return err;
}

static int vp_publish(struct rs_vp *vp)
{
	struct rs_partition *partition = vp->partition;
	int err = -EEXIST;

	mutex_lock(&partition->lock);
	if (!partition->vps[vp->index]) {
		/* pairs with the acquire in rs_partition_vp() */
		smp_store_release(&partition->vps[vp->index], vp);
		err = 0;
	}
	mutex_unlock(&partition->lock);
	return err;
}

/**
 * rs_vp_create() - a VP in its reset state
 * @partition: the partition
 * @index:     0..vp_count - 1; also its APIC ID
 *
 * Return: the VP, which lives as long as the partition; ERR_PTR(-EINVAL, -EEXIST,
 * -ENOMEM).
 */
struct rs_vp *rs_vp_create(struct rs_partition *partition, u32 index)
{
	struct rs_vp *vp;
	int err;

	if (index >= partition->vp_count)
		return ERR_PTR(-EINVAL);
	vp = vp_alloc(partition, index);
	if (!vp)
		return ERR_PTR(-ENOMEM);
	err = vp_init(vp);
	if (err) {
		kfree(vp);
		return ERR_PTR(err);
	}
	err = vp_publish(vp);
	if (err) {
		rs_vp_destroy(vp);
		return ERR_PTR(err);
	}
	return vp;
}
EXPORT_SYMBOL_GPL(rs_vp_create);

void rs_vp_destroy(struct rs_vp *vp)
{
	rs_vp_timers_cancel(vp);
	rs_backend->vp_destroy(vp);
	rs_vp_forget_task(vp);
	rs_outbox_destroy(vp);
	fpu_free_guest_fpstate(&vp->fpu);
	free_page((unsigned long)vp->page);
	kfree(vp);
}

/**
 * rs_vp_page() - the page shared with the worker
 * @vp: the VP
 *
 * Return: the page; it lives as long as the partition.
 */
struct page *rs_vp_page(struct rs_vp *vp)
{
	return virt_to_page(vp->page);
}
EXPORT_SYMBOL_GPL(rs_vp_page);

/* ---- the run loop */

/**
 * rs_vp_runtime() - how long the VP has run, idle time left out
 * @vp: owner only
 *
 * Return: ns.
 */
u64 rs_vp_runtime(struct rs_vp *vp)
{
	return vp->runtime_ns + (vp->run_start_ns ? ktime_get_ns() - vp->run_start_ns : 0);
}

/* Takes over what the worker changed.  The page is the worker's: each word is read once. */
static int vp_commit(struct rs_vp *vp)
{
	struct vid_vp_page *page = vp->page;
	u32 commit = READ_ONCE(page->commit);
	u32 vector = READ_ONCE(page->ext_int_vector);

	if (commit & ~VID_COMMIT_VALID || (commit & VID_COMMIT_EXT_INT && vector > 255))
		return -EINVAL;
	if (commit & VID_COMMIT_GPRS)
		memcpy(vp->regs.gpr, page->gpr, sizeof(vp->regs.gpr));
	if (commit & VID_COMMIT_RFLAGS)
		vp->regs.rflags = rs_rflags_valid(READ_ONCE(page->rflags));
	if (commit & VID_COMMIT_EXT_INT)
		vp->ext_int_vector = vector;
	if (commit & VID_COMMIT_RIP) {
		vp->regs.rip = READ_ONCE(page->rip);
		rs_vp_end_shadow(vp);
	}
	page->commit = 0;
	page->message.header.message_type = HV_MESSAGE_NONE;
	return 0;
}

static void vp_publish_page(struct rs_vp *vp)
{
	struct vid_vp_page *page = vp->page;

	memcpy(page->gpr, vp->regs.gpr, sizeof(page->gpr));
	page->rip = vp->regs.rip;
	page->rflags = vp->regs.rflags;
}

/* Work that the kernel does for this thread on its way to user mode. */
static bool worker_has_work(void)
{
	return test_thread_flag(TIF_NOTIFY_RESUME) && task_work_pending(current);
}

/* Acts on requests; -EINTR, -ERESTARTNOINTR or -ESHUTDOWN when the run must end. */
static int vp_process_requests(struct rs_vp *vp)
{
	if (signal_pending(current))
		return -EINTR;
	if (worker_has_work()) {
		set_thread_flag(TIF_NOTIFY_SIGNAL);	/* makes the system call restart */
		return -ERESTARTNOINTR;
	}
	if (!READ_ONCE(vp->requests))
		return 0;
	if (test_bit(RS_REQUEST_SHUTDOWN, &vp->requests))
		return -ESHUTDOWN;
	if (test_and_clear_bit(RS_REQUEST_CANCEL, &vp->requests))
		return -EINTR;
	if (test_and_clear_bit(RS_REQUEST_FLUSH, &vp->requests))
		rs_backend->flush_tlb(vp);
	if (test_and_clear_bit(RS_REQUEST_CALL, &vp->requests))
		rs_calls_serve(vp);
	clear_bit(RS_REQUEST_TIMER, &vp->requests);
	clear_bit(RS_REQUEST_EVENT, &vp->requests);
	smp_mb__after_atomic();		/* the bits before what they announce */
	rs_vp_receive(vp);
	return 0;
}

/* Waits for a request while the guest has nothing to do; false: it has. */
static bool vp_block(struct rs_vp *vp)
{
	u64 start;

	if (!vp->activity)
		return false;
	if (!(vp->activity & RS_ACTIVITY_WAIT_SIPI) && rs_vp_has_event(vp)) {
		vp->activity &= ~(RS_ACTIVITY_HALTED | RS_ACTIVITY_IDLE);
		return false;
	}
	start = ktime_get_ns();
	rcuwait_wait_event(&vp->wait, READ_ONCE(vp->requests), TASK_INTERRUPTIBLE);
	vp->run_start_ns += ktime_get_ns() - start;	/* idle time is no run time */
	return true;
}

/* An EOI of a level-triggered vector goes to the worker's IOAPIC. */
static bool vp_report_eoi(struct rs_vp *vp)
{
	unsigned int vector = find_first_bit(vp->eoi_pending, 256);
	struct hv_x64_apic_eoi_message *eoi;

	if (vector == 256)
		return false;
	clear_bit(vector, vp->eoi_pending);
	eoi = rs_message(vp, HV_MESSAGE_X64_APIC_EOI, sizeof(*eoi));
	eoi->vp_index = vp->index;
	eoi->interrupt_vector = vector;
	return true;
}

static bool vp_needs_worker(struct rs_vp *vp)
{
	if (vp_report_eoi(vp))
		return true;
	if (vp->activity & RS_ACTIVITY_SHUTDOWN) {
		rs_message_begin(vp, HV_MESSAGE_UNRECOVERABLE_EXCEPTION,
				 sizeof(struct hv_x64_unrecoverable_exception_message),
				 HV_INTERCEPT_ACCESS_EXECUTE, 0);
		return true;
	}
	if (rs_vp_ext_int_deliverable(vp)) {
		rs_message_begin(vp, HV_MESSAGE_X64_INTERRUPTION_DELIVERABLE,
				 sizeof(struct hv_x64_intercept_message_header),
				 HV_INTERCEPT_ACCESS_EXECUTE, 0);
		return true;
	}
	return false;
}

static void vp_take_cpu(struct rs_vp *vp)
{
	preempt_disable();
	preempt_notifier_register(&vp->notifier);
	vp_load(vp);
	preempt_enable();
}

static void vp_leave_cpu(struct rs_vp *vp)
{
	preempt_disable();
	rs_backend->put(vp);
	preempt_notifier_unregister(&vp->notifier);
	preempt_enable();
}

/* Enters the guest unless something came up.  Interrupts off. */
static bool vp_enter(struct rs_vp *vp)
{
	/* pairs with the barriers of rs_vp_kick() and request_flush() */
	smp_store_mb(vp->mode, RS_VP_IN_GUEST);
	if (READ_ONCE(vp->requests) || need_resched() || signal_pending(current)) {
		WRITE_ONCE(vp->mode, RS_VP_OUTSIDE);
		return false;
	}
	if (test_thread_flag(TIF_NEED_FPU_LOAD))
		switch_fpu_return();
	if (vp->event.valid) {
		rs_backend->inject(vp, &vp->event);
		vp->event.valid = false;
	}
	vp->interrupt_taken = false;
	vtime_account_guest_enter();
	rs_backend->run(vp);
	rs_after_guest();
	/* whoever finds OUTSIDE also finds the guest's last writes */
	smp_store_release(&vp->mode, RS_VP_OUTSIDE);
	return true;
}

/* One stay in the guest; false when there was none. */
static bool vp_guest(struct rs_vp *vp)
{
	bool entered;

	preempt_disable();
	rs_vp_prepare_events(vp);
	local_irq_disable();
	entered = vp_enter(vp);
	local_irq_enable();		/* what made the guest exit is served here */
	if (entered) {
		local_irq_disable();
		vtime_account_guest_exit();
		local_irq_enable();
		rs_vp_collect_events(vp);
		rs_backend->decode(vp, &vp->exit);
		vp->counters[RS_COUNT_EXITS]++;
	}
	preempt_enable();
	return entered;
}

/* One turn: RS_RESUME, RS_TO_WORKER, or an error. */
static int vp_turn(struct rs_vp *vp)
{
	int err = vp_process_requests(vp);

	if (err)
		return err;
	if (vp_needs_worker(vp))
		return RS_TO_WORKER;
	if (vp_block(vp))
		return RS_RESUME;
	cond_resched();
	rs_assist_sync(vp);
	if (!vp_guest(vp))
		return RS_RESUME;
	rs_assist_sync(vp);
	trace_rs_exit(vp->partition->id, vp->index, vp->exit.kind, vp->regs.rip,
		      vp->exit.hardware);
	return rs_handle_exit(vp);
}

static int vp_run_owned(struct rs_vp *vp)
{
	int ret = vp_commit(vp);

	if (ret)
		return ret;
	vp->run_start_ns = ktime_get_ns();
	fpu_swap_kvm_fpstate(&vp->fpu, true);
	vp_take_cpu(vp);
	do {
		ret = vp_turn(vp);
	} while (ret == RS_RESUME);
	vp_leave_cpu(vp);
	rs_assist_disarm(vp);
	fpu_swap_kvm_fpstate(&vp->fpu, false);
	vp_publish_page(vp);
	vp->runtime_ns = rs_vp_runtime(vp);
	vp->run_start_ns = 0;
	if (ret != RS_TO_WORKER)
		return ret;
	vp->counters[RS_COUNT_MESSAGES]++;
	trace_rs_message(vp->partition->id, vp->index, vp->page->message.header.message_type);
	return 0;
}

/**
 * rs_vp_run() - run the VP until the worker is needed, as VID_RUN_VP
 * @vp: the VP
 *
 * Return: 0 with a message in the VP page; -EINTR; -ERESTARTNOINTR when the thread has
 * kernel work to do on its way to user mode and back; -EBUSY; -EINVAL; -EFAULT, -ENOMEM
 * when the worker's memory could not be pinned; -ESHUTDOWN when the host goes down.
 */
int rs_vp_run(struct rs_vp *vp)
{
	int ret;

	if (current->mm != vp->partition->gpa.mm)
		return -EIO;
	if (!rs_vp_own(vp))
		return -EBUSY;
	rs_vp_set_task(vp);
	ret = vp_run_owned(vp);
	rs_vp_disown(vp);
	return ret;
}
EXPORT_SYMBOL_GPL(rs_vp_run);

/**
 * rs_vp_cancel() - end the current run, or else the next one, with -EINTR
 * @vp: the VP
 */
void rs_vp_cancel(struct rs_vp *vp)
{
	rs_vp_request(vp, RS_REQUEST_CANCEL);
}
EXPORT_SYMBOL_GPL(rs_vp_cancel);
