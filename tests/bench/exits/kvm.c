// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A minimal VMM over /dev/kvm (Documentation/virt/kvm/api.rst of Linux): local APICs in the
 * kernel, no other device; with Hyper-V's interface if it is asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "exits.h"

#define CPUID_ENTRIES		256
#define CPUID_TSC_DEADLINE	(1u << 24)	/* leaf 1, ECX */
#define CPUID_SYNTHETIC		0x40000000u
#define IOAPIC_PINS		24

struct cpuid {
	struct kvm_cpuid2 head;
	struct kvm_cpuid_entry2 entries[CPUID_ENTRIES];
};

static size_t run_size(const struct machine *machine)
{
	return must(ioctl(machine->device, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
}

static struct cpuid *get_cpuid(int fd, unsigned long request)
{
	struct cpuid *cpuid = calloc(1, sizeof(*cpuid));

	must(cpuid ? 0 : -1, "memory");
	cpuid->head.nent = CPUID_ENTRIES;
	must(ioctl(fd, request, cpuid), "CPUID");
	return cpuid;
}

static bool synthetic(const struct kvm_cpuid_entry2 *entry)
{
	return entry->function >> 28 == CPUID_SYNTHETIC >> 28;
}

/* KVM's own leaves make room for Hyper-V's. */
static void add_hyperv(struct cpuid *cpuid, int vcpu)
{
	struct cpuid *hyperv = get_cpuid(vcpu, KVM_GET_SUPPORTED_HV_CPUID);
	unsigned int i, n = 0;

	for (i = 0; i < cpuid->head.nent; i++)
		if (!synthetic(&cpuid->entries[i]))
			cpuid->entries[n++] = cpuid->entries[i];
	for (i = 0; i < hyperv->head.nent && n < CPUID_ENTRIES; i++)
		cpuid->entries[n++] = hyperv->entries[i];
	cpuid->head.nent = n;
	free(hyperv);
}

static void set_cpuid(struct machine *machine, int vcpu)
{
	struct cpuid *cpuid = get_cpuid(machine->device, KVM_GET_SUPPORTED_CPUID);
	unsigned int i;

	for (i = 0; i < cpuid->head.nent; i++)
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ecx |= CPUID_TSC_DEADLINE;
	if (machine->hyperv)
		add_hyperv(cpuid, vcpu);
	must(ioctl(vcpu, KVM_SET_CPUID2, cpuid), "KVM_SET_CPUID2");
	free(cpuid);
}

static void kvm_create(struct machine *machine)
{
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { IOAPIC_PINS } };
	unsigned int i;

	machine->device = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	machine->vm = must(ioctl(machine->device, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	must(ioctl(machine->vm, KVM_ENABLE_CAP, &split), "KVM_CAP_SPLIT_IRQCHIP");
	for (i = 0; i < VPS; i++) {
		struct cpu *cpu = &machine->cpus[i];

		cpu->fd = must(ioctl(machine->vm, KVM_CREATE_VCPU, i), "KVM_CREATE_VCPU");
		cpu->page = mmap(NULL, run_size(machine), PROT_READ | PROT_WRITE, MAP_SHARED,
				 cpu->fd, 0);
		must(cpu->page == MAP_FAILED ? -1 : 0, "mmap of a VCPU");
		set_cpuid(machine, cpu->fd);
	}
}

static void kvm_destroy(struct machine *machine)
{
	unsigned int i;

	for (i = 0; i < VPS; i++) {
		munmap(machine->cpus[i].page, run_size(machine));
		close(machine->cpus[i].fd);
	}
	close(machine->vm);
	close(machine->device);
}

static void kvm_map(struct machine *machine, uint64_t gpa, uint64_t size, void *memory)
{
	struct kvm_userspace_memory_region region = {
		.slot = machine->slots++,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	must(ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &region),
	     "KVM_SET_USER_MEMORY_REGION");
}

static void kvm_doorbell(struct machine *machine, bool pio, uint64_t address, int eventfd)
{
	struct kvm_ioeventfd doorbell = {
		.addr = address,
		.len = 4,
		.fd = eventfd,
		.flags = pio ? KVM_IOEVENTFD_FLAG_PIO : 0,
	};

	must(ioctl(machine->vm, KVM_IOEVENTFD, &doorbell), "KVM_IOEVENTFD");
}

static struct kvm_segment segment(uint16_t selector, uint8_t type, bool code)
{
	return (struct kvm_segment){
		.limit = 0xffffffff, .selector = selector, .type = type, .present = 1,
		.s = 1, .g = 1, .l = code, .db = !code,
	};
}

static void kvm_start(struct cpu *cpu, uint64_t rip, uint64_t rsp)
{
	struct kvm_regs regs = { .rip = rip, .rsp = rsp, .rdi = SHARED, .rflags = 2 };
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_sregs sregs;

	must(ioctl(cpu->fd, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cr0 = CR0_VALUE;
	sregs.cr3 = PML4;
	sregs.cr4 = CR4_VALUE;
	sregs.efer = EFER_VALUE;
	sregs.cs = segment(CODE64, 11, true);
	sregs.ds = segment(DATA64, 3, false);
	sregs.es = sregs.ds;
	sregs.fs = sregs.ds;
	sregs.gs = sregs.ds;
	sregs.ss = sregs.ds;
	sregs.gdt = (struct kvm_dtable){ .base = GDT, .limit = 0xfff };
	sregs.idt = (struct kvm_dtable){ .base = IDT + IDT_SIZE * cpu->index,
					.limit = IDT_SIZE - 1 };
	must(ioctl(cpu->fd, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	must(ioctl(cpu->fd, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	must(ioctl(cpu->fd, KVM_SET_MP_STATE, &runnable), "KVM_SET_MP_STATE");
}

static void kvm_run(struct cpu *cpu)
{
	struct kvm_run *run = cpu->page;

	for (;;) {
		must(ioctl(cpu->fd, KVM_RUN, 0), "KVM_RUN");
		if (run->exit_reason != KVM_EXIT_IO)
			must(-EPROTO, "the guest did something else");
		if (run->io.port == PORT_DONE)
			return;
		if (run->io.direction == KVM_EXIT_IO_IN)
			*(uint32_t *)((uint8_t *)run + run->io.data_offset) = 0;
	}
}

static uint64_t kvm_khz(struct machine *machine)
{
	return must(ioctl(machine->cpus[0].fd, KVM_GET_TSC_KHZ, 0), "KVM_GET_TSC_KHZ");
}

const struct vmm vmm_kvm = {
	.create = kvm_create,
	.destroy = kvm_destroy,
	.map = kvm_map,
	.doorbell = kvm_doorbell,
	.start = kvm_start,
	.run = kvm_run,
	.khz = kvm_khz,
};
