// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the core counts, for whoever looks for the reason of a slow guest:
 *
 *   /sys/kernel/debug/rootstock/features			a feature of the CPU a line: name, and
 *							"used", "unused" or "absent"
 *   /sys/kernel/debug/rootstock/partition-N/pinned	4 KiB pages
 *   /sys/kernel/debug/rootstock/partition-N/vp-N	a counter a line: name, value
 *
 * Modules above add files to partition-N.
 *
 * Read without a lock: a counter may be some events behind.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "hv.h"

static const char * const counter_names[RS_COUNTERS] = {
	[RS_COUNT_EXITS]	= "exits",
	[RS_COUNT_HOST]		= "host",
	[RS_COUNT_IO]		= "io",
	[RS_COUNT_MSR]		= "msr",
	[RS_COUNT_CPUID]	= "cpuid",
	[RS_COUNT_HLT]		= "hlt",
	[RS_COUNT_HYPERCALL]	= "hypercall",
	[RS_COUNT_SLAT]		= "slat",
	[RS_COUNT_WINDOW]	= "window",
	[RS_COUNT_OTHER]	= "other",
	[RS_COUNT_MESSAGES]	= "messages",
	[RS_COUNT_INJECTIONS]	= "injections",
	[RS_COUNT_DOORBELLS]	= "doorbells",
	[RS_COUNT_YIELDS]	= "yields",
};

static struct dentry *root;

/* The private pointer is the VP's place in partition->vps: empty until the VP is made. */
static int vp_show(struct seq_file *file, void *unused)
{
	struct rs_vp **slot = file->private;
	/* pairs with the release in rs_vp_create() */
	const struct rs_vp *vp = smp_load_acquire(slot);
	unsigned int i;

	for (i = 0; vp && i < RS_COUNTERS; i++)
		seq_printf(file, "%s %llu\n", counter_names[i], READ_ONCE(vp->counters[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vp);

static int pinned_show(struct seq_file *file, void *unused)
{
	struct rs_partition *partition = file->private;

	seq_printf(file, "%lld\n", atomic64_read(&partition->gpa.pinned));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pinned);

static int features_show(struct seq_file *file, void *unused)
{
	struct rs_feature feature;
	unsigned int i;

	for (i = 0; rs_backend->feature(i, &feature); i++)
		seq_printf(file, "%s %s\n", feature.name,
			   feature.used ? "used" : feature.has ? "unused" : "absent");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(features);

void rs_debugfs_init(void)
{
	root = debugfs_create_dir("rootstock", NULL);
	debugfs_create_file("features", 0400, root, NULL, &features_fops);
}

void rs_debugfs_exit(void)
{
	debugfs_remove(root);
	root = NULL;
}

/**
 * rs_debugfs_add() - show a partition
 * @partition: id, vp_count and gpa are set
 *
 * Failing is no error: debugfs takes the error pointers that it returns.
 */
void rs_debugfs_add(struct rs_partition *partition)
{
	char name[32];
	u32 i;

	snprintf(name, sizeof(name), "partition-%llu", partition->id);
	partition->debugfs = debugfs_create_dir(name, root);
	debugfs_create_file("pinned", 0400, partition->debugfs, partition, &pinned_fops);
	for (i = 0; i < partition->vp_count; i++) {
		snprintf(name, sizeof(name), "vp-%u", i);
		debugfs_create_file(name, 0400, partition->debugfs, &partition->vps[i], &vp_fops);
	}
}

/**
 * rs_debugfs_remove() - forget a partition
 * @partition: its VPs are still there
 *
 * Waits for those who read.
 */
void rs_debugfs_remove(struct rs_partition *partition)
{
	debugfs_remove(partition->debugfs);
	partition->debugfs = NULL;
}

/**
 * rs_partition_debugfs() - where the modules above show what is theirs
 * @partition: the partition
 *
 * Return: its directory; or NULL, or an error pointer, which debugfs takes.
 */
struct dentry *rs_partition_debugfs(struct rs_partition *partition)
{
	return partition->debugfs;
}
EXPORT_SYMBOL_GPL(rs_partition_debugfs);
