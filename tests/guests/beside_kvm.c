// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * beside_kvm COMMAND...: runs COMMAND while there is a virtual machine of KVM's.  KVM before 6.12
 * has the CPU only then.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int device = open("/dev/kvm", O_RDWR);
	int vm = device < 0 ? -1 : ioctl(device, KVM_CREATE_VM, 0);

	/* it goes along, which by itself it would not */
	if (argc < 2 || vm < 0 || fcntl(vm, F_SETFD, 0)) {
		perror("beside_kvm: /dev/kvm");
		return 125;
	}
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
