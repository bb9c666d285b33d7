// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/libvhd/text.c userspace/libvhd/meta.c userspace/libvhd/space.c */
/* LINK: userspace/libvhd/vhdx.c userspace/libvhd/vhdx_header.c userspace/libvhd/vhdx_log.c */
/* LINK: userspace/libvhd/vhdx_replay.c userspace/libvhd/vhdx_meta.c userspace/libvhd/vhdx_bat.c */
/* LINK: userspace/libvhd/vhdx_locator.c userspace/libvhd/vhdx_scan.c userspace/libvhd/raw.c */
/* LINK: userspace/libvhd/vhdx_create.c userspace/libvhd/vhdx_resize.c userspace/libvhd/vhd.c */
/* LINK: userspace/libvhd/vhd_footer.c userspace/libvhd/vhd_locator.c userspace/libvhd/vhd_bat.c */
/* LINK: userspace/libvhd/vhd_create.c userspace/libvhd/vhd_resize.c userspace/libvhd/disk.c */
/* LINK: userspace/libvhd/rw.c userspace/libvhd/path.c userspace/libvhd/create.c */
/* LINK: userspace/libvhd/table.c userspace/libvhd/nbd_none.c userspace/vmwp/storage/map.c */
/* LINK: userspace/libvhd/copy.c userspace/libvhd/file.c userspace/libvhd/uring.c */
/* LINK: tests/unit/memory_file.c tests/unit/vhd_test.c vsp/storvsp/map.c */
/* LIBS: -luring */
/*
 * A kernel that reads and writes a disk's files itself, by the table that the worker gives it, and
 * asks for the rest; with several writes under way, whose steps mix.  The power is cut before
 * each change of the file: nothing that a flush acknowledged is lost.
 */
#include "vhd_test.h"

#include <stdlib.h>

#include "../../userspace/vmwp/storage/map.h"
#include "../../vsp/storvsp/map.h"

#define SIZE		(4 * VHD_MIB)
#define STEPS		60u
#define WRITES		3u
#define RUNS		16u
#define TOP		"/top"

/* A write of the guest, and how far it is. */
struct guest_write {
	enum { FREE, BEGUN, ASKED, ANSWERED, MOVING, COMMITTING, COMMITTED } state;
	uint64_t offset;
	uint64_t length;	/* 0: it is done */
	uint16_t stamp;
	struct storvsp_map_request request;
	struct storvsp_map_answer answer;
	struct block_map_run run;
	bool commit;
	uint32_t epoch;
};

static struct memory_fs fs;
static struct model model;
static struct vhd_disk *disk;
static struct block_map table;
static struct disk_map worker;
static struct guest_write writes[WRITES];
/* What writes wait for, in the order in which they asked. */
static struct guest_write *queue[WRITES];
static unsigned int queued;
/* Units that something was written to while something else was, too. */
static bool contested[SIZE / UNIT];
static int failed;
/* What happened at all, in all lives: a test in which nothing does proves nothing. */
static struct {
	unsigned int mapped, asked, committed, stale, revoked, forgotten, full;
} seen;

static void *take(size_t size)
{
	return calloc(1, size);
}

static u64 *take_leaf(void)
{
	return malloc(BLOCK_MAP_LEAF * sizeof(u64));
}

static void give_leaf(u64 *leaf)
{
	free(leaf);
}

static const struct block_map_ops memory_ops = {
	.alloc = take, .free = free, .alloc_leaf = take_leaf, .free_leaf = give_leaf,
};

static struct vhd_file *file_of(uint32_t number)
{
	struct vhd_disk *d = disk;

	while (number--)
		d = d->parent;
	ck_assert_ptr_nonnull(d);
	return d->file;
}

static void advance(struct guest_write *write)
{
	write->offset += write->run.length;
	write->length -= write->run.length;
	write->state = write->length ? BEGUN : FREE;
}

static void ask(struct guest_write *write, enum storvsp_map_operation operation)
{
	write->request.operation = operation;
	queue[queued++] = write;
}

/* The data go to the file; the guest's write may go on. */
static void move(struct guest_write *write)
{
	uint8_t *data = malloc(write->run.length);
	int result;

	for (uint64_t i = 0; i < write->run.length; i += UNIT)
		unit_fill(data + i, (write->offset + i) / UNIT, write->stamp);
	result = vhd_file_write(file_of(write->run.file), data, write->run.length,
				write->run.offset);
	free(data);
	block_map_leave(&table, write->epoch);
	if (result) {
		failed = result;
		write->state = FREE;
		return;
	}
	if (!write->commit) {
		advance(write);
		return;
	}
	write->state = COMMITTING;
	write->request = (struct storvsp_map_request){
		.offset = write->offset, .length = write->run.length,
		.generation = write->answer.generation,
	};
	ask(write, STORVSP_MAP_OP_COMMIT);
}

static int table_set(void *context, uint64_t first, uint32_t count, const uint64_t *entries)
{
	u64 copy[BLOCK_MAP_LEAF];

	for (uint32_t i = 0; i < count; i++)
		copy[i] = entries[i];
	return block_map_set(&table, first, count, copy);
}

static int table_set_linear(void *context, uint64_t first, uint64_t count, uint64_t entry)
{
	return block_map_set_linear(&table, first, count, entry);
}

/* Waits: what is under way ends. */
static int table_revoke(void *context, uint64_t offset, uint64_t length, uint64_t *generation)
{
	uint32_t epoch;
	int result = block_map_revoke(&table, offset, length, &epoch);

	ck_assert_int_eq(result, 0);
	for (unsigned int i = 0; i < WRITES; i++)
		if (writes[i].state == MOVING && writes[i].epoch == epoch)
			move(&writes[i]);
	ck_assert(block_map_revoked(&table, epoch));
	*generation = table.generation;
	seen.revoked++;
	return 0;
}

static const struct disk_map_ops worker_ops = {
	.set = table_set, .set_linear = table_set_linear, .revoke = table_revoke,
};

static struct storvsp_map_answer asked(const struct storvsp_map_request *request)
{
	struct storvsp_map_answer answer;

	disk_map_answer(&worker, request, &answer);
	ck_assert_uint_eq(answer.tag, request->tag);
	if (answer.result && answer.result != -EAGAIN)
		failed = answer.result;
	return answer;
}

/* The worker answers the oldest question. */
static void serve(void)
{
	struct guest_write *write = queue[0];

	memmove(queue, queue + 1, --queued * sizeof(*queue));
	write->answer = asked(&write->request);
	write->state = write->state == ASKED ? ANSWERED : COMMITTED;
	if (failed)
		write->state = FREE;
}

static void begin(struct guest_write *write)
{
	u32 count = block_map_runs(&table, write->offset, write->length, true, &write->run, 1);

	ck_assert_uint_eq(count, 1);
	write->commit = false;
	if (write->run.kind == STORVSP_MAP_DATA) {
		seen.mapped++;
		write->epoch = block_map_enter(&table);
		write->state = MOVING;
		return;
	}
	seen.asked++;
	write->request = (struct storvsp_map_request){
		.tag = write->stamp, .offset = write->offset, .length = write->run.length,
	};
	write->state = ASKED;
	ask(write, STORVSP_MAP_OP_ALLOCATE);
}

static void take_extent(struct guest_write *write)
{
	int result = block_map_extent(&table, write->offset, write->request.length, true,
				      &write->answer, &write->run);

	if (result == -EAGAIN) {
		seen.stale++;
		write->state = BEGUN;
		return;
	}
	ck_assert_int_eq(result, 0);
	write->commit = write->answer.flags & STORVSP_MAP_COMMIT;
	write->epoch = block_map_enter(&table);
	write->state = MOVING;
}

static void committed(struct guest_write *write)
{
	seen.committed++;
	if (write->answer.result == -EAGAIN) {
		seen.stale++;
		write->state = BEGUN;
		return;
	}
	advance(write);
}

/* One step of a write, if it waits for no answer. */
static void progress(struct guest_write *write)
{
	if (write->state == BEGUN)
		begin(write);
	else if (write->state == ANSWERED)
		take_extent(write);
	else if (write->state == MOVING)
		move(write);
	else if (write->state == COMMITTED)
		committed(write);
}

static bool busy(void)
{
	for (unsigned int i = 0; i < WRITES; i++)
		if (writes[i].state != FREE)
			return true;
	return false;
}

static bool touched_by_write(uint64_t unit)
{
	for (unsigned int i = 0; i < WRITES; i++)
		if (writes[i].state != FREE &&
		    overlap(writes[i].offset, writes[i].length, unit * UNIT, UNIT))
			return true;
	return false;
}

static void stamp_range(uint64_t offset, uint64_t length, uint16_t stamp)
{
	for (uint64_t unit = offset / UNIT; unit < (offset + length) / UNIT; unit++)
		contested[unit] = contested[unit] || touched_by_write(unit);
	model_stamp(&model, offset / UNIT, length / UNIT, stamp);
}

/* Some range, in whole sectors. */
static uint64_t some_range(uint64_t *length)
{
	uint32_t sector = disk->logical_sector_size;
	uint64_t offset = round_down(model_random(&model, SIZE - sector), sector);
	uint32_t most = model_random(&model, 3) ? 16 : 3000;

	*length = lesser(round_up((1 + model_random(&model, most)) * UNIT, sector), SIZE - offset);
	return offset;
}

static void new_write(void)
{
	for (unsigned int i = 0; i < WRITES; i++) {
		struct guest_write *write = &writes[i];

		if (write->state != FREE)
			continue;
		*write = (struct guest_write){ 0 };
		write->offset = some_range(&write->length);
		write->stamp = ++model.stamp;
		stamp_range(write->offset, write->length, write->stamp);
		write->state = BEGUN;
		return;
	}
}

/* Reads as the kernel does; what has no entry is looked up. */
static void read_run(uint8_t *data, struct block_map_run *run, uint64_t offset)
{
	struct storvsp_map_request request = {
		.operation = STORVSP_MAP_OP_LOOKUP, .offset = offset, .length = run->length,
	};
	struct storvsp_map_answer answer;

	if (run->kind == STORVSP_MAP_ASK) {
		answer = asked(&request);
		ck_assert_int_eq(answer.result, 0);
		ck_assert_int_eq(block_map_extent(&table, offset, request.length, false, &answer,
						  run), 0);
	}
	memset(data, 0, run->length);
	if (run->kind == STORVSP_MAP_DATA)
		ck_assert_int_eq(vhd_file_read(file_of(run->file), data, run->length,
					       run->offset), 0);
}

/* What reads give is what was written last; where that is not certain, it is from now on. */
static void check_unit(const uint8_t *data, uint64_t number)
{
	struct model_unit *unit = &model.unit[number];
	int stamp = unit_stamp(data, number);
	unsigned int i = unit->count;

	if (touched_by_write(number))
		return;
	while (contested[number] && i && unit->stamps[i - 1] != stamp)
		i--;
	ck_assert_msg(i && unit->stamps[i - 1] == stamp, "unit %lu has stamp %d, not %d",
		      (unsigned long)number, stamp, unit->stamps[unit->count - 1]);
	if (i != unit->count)
		model_stamp(&model, number, 1, (uint16_t)stamp);
	contested[number] = false;
}

static void read_range(uint64_t offset, uint64_t length)
{
	uint8_t *data = malloc(length);
	struct block_map_run runs[RUNS];
	uint64_t done = 0;

	while (done < length) {
		u32 count = block_map_runs(&table, offset + done, length - done, false, runs, RUNS);

		for (u32 i = 0; i < count; i++) {
			uint64_t was = runs[i].length;

			read_run(data + done, &runs[i], offset + done);
			done += runs[i].length;
			if (runs[i].length != was)
				break;
		}
	}
	for (uint64_t i = 0; i < length; i += UNIT)
		check_unit(data + i, (offset + i) / UNIT);
	free(data);
}

/* What was asked before is answered before. */
static void serve_all(void)
{
	while (queued && !failed)
		serve();
}

/* Writes that are under way are not covered, and whose order is not certain is not either. */
static void acknowledge(void)
{
	for (uint64_t i = 0; i < model.units; i++) {
		struct model_unit *unit = &model.unit[i];

		if (touched_by_write(i) || contested[i])
			continue;
		unit->stamps[0] = unit->stamps[unit->count - 1];
		unit->count = 1;
	}
}

static void flush(void)
{
	struct storvsp_map_request request = { .operation = STORVSP_MAP_OP_FLUSH };

	serve_all();
	if (!failed && !asked(&request).result)
		acknowledge();
}

static void remove_range(enum storvsp_map_operation operation)
{
	struct storvsp_map_request request = { .operation = operation };
	uint64_t length;

	request.offset = some_range(&length);
	request.length = length;
	if (model_random(&model, 2)) {
		request.offset = round_down(request.offset, VHD_MIB);
		request.length = VHD_MIB + (operation == STORVSP_MAP_OP_ZERO ? 4096 : 0);
		request.length = lesser(request.length, SIZE - request.offset);
	}
	serve_all();
	if (failed)
		return;
	stamp_range(request.offset, request.length, 0);
	/* Of a discard it is not certain what it does. */
	for (uint64_t i = 0; operation == STORVSP_MAP_OP_DISCARD && i < request.length; i += UNIT)
		contested[(request.offset + i) / UNIT] = true;
	asked(&request);
}

/* The stamps that a unit may have are getting too many. */
static bool crowded(void)
{
	for (uint64_t i = 0; i < model.units; i++)
		if (model.unit[i].count + WRITES + 2 > STAMPS_MAX)
			return true;
	return false;
}

static void settle(void)
{
	while (busy() && !failed) {
		serve_all();
		for (unsigned int i = 0; i < WRITES && !failed; i++)
			progress(&writes[i]);
	}
	if (!failed)
		read_range(0, SIZE);
	flush();
}

static void forget(void)
{
	block_map_set_linear(&table, model_random(&model, (uint32_t)table.units), 1,
			     STORVSP_MAP_ASK);
	seen.forgotten++;
}

static void step(void)
{
	uint64_t length, offset;

	switch (model_random(&model, 16)) {
	case 0:
		flush();
		break;
	case 1:
		remove_range(STORVSP_MAP_OP_ZERO);
		break;
	case 2:
		remove_range(STORVSP_MAP_OP_DISCARD);
		break;
	case 3:
		forget();
		break;
	case 4:
		offset = some_range(&length);
		read_range(offset, length);
		break;
	case 5:
	case 6:
	case 7:
	case 8:
		new_write();
		break;
	case 9:
	case 10:
		if (queued)
			serve();
		break;
	default:
		progress(&writes[model_random(&model, WRITES)]);
	}
	if (!failed && crowded()) {
		seen.full++;
		settle();
	}
}

/* A disk without parent, or the third of a chain, each with some of the data. */
static void make(const struct vhd_create *what)
{
	struct vhd_create top = *what;
	struct vhd_file *file;

	make_case(&fs, what, &model);
	if (!what->parent) {
		memory_copy(memory_node(&fs, TOP), memory_node(&fs, "/disk"));
		return;
	}
	disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
	for (unsigned int i = 0; i < 6; i++)
		ck_assert_int_eq(random_step(disk, &model), 0);
	ck_assert_int_eq(vhd_close(disk, NULL), 0);
	model_flushed(&model);
	top.parent = "/disk";
	memory_node(&fs, TOP);
	file = memory_open(&fs, TOP, 0);
	ck_assert_int_eq(vhd_create_file(file, &top, NULL), 0);
	file->ops->close(file);
}

static void start(void)
{
	uint32_t shift = 0;

	disk = open_case(&fs, TOP, VHD_OPEN_WRITE);
	while (1ull << shift < vhd_table_unit(disk))
		shift++;
	ck_assert_int_eq(block_map_init(&table, &memory_ops, disk->size, shift, 3, 1), 0);
	disk_map_init(&worker, disk, &worker_ops, NULL, NULL, 0);
	/* Files in memory have no descriptors. */
	worker.copies = false;
	memset(writes, 0, sizeof(writes));
	memset(contested, 0, sizeof(contested));
	queued = 0;
	failed = 0;
}

static void stop(void)
{
	disk_map_fini(&worker);
	block_map_fini(&table);
	vhd_close(disk, NULL);
}

/* What is there after the cut: looked at without a write, and with the log replayed. */
static void look(void)
{
	struct memory_node *node = memory_node(&fs, TOP);
	struct vhd_check check = { 0 };

	node->no_write = true;
	disk = open_case(&fs, TOP, 0);
	expect_allowed(disk, &model);
	ck_assert_int_eq(vhd_close(disk, NULL), 0);
	node->no_write = false;
	disk = open_case(&fs, TOP, VHD_OPEN_WRITE);
	ck_assert_int_eq(vhd_check(disk, &check), 0);
	ck_assert_uint_eq(check.faults, check.repaired);
	expect_allowed(disk, &model);
	ck_assert_int_eq(vhd_close(disk, NULL), 0);
}

/* false: the life ended before its change number @when. */
static bool live(const struct vhd_create *what, uint32_t seed, int when, uint32_t cut)
{
	struct memory_node *node;

	memory_init(&fs);
	model_init(&model, what->size, seed);
	make(what);
	node = memory_node(&fs, TOP);
	memory_keep(node);
	node->fail_after = when;
	start();
	for (unsigned int i = 0; i < STEPS && !failed; i++)
		step();
	if (!failed)
		settle();
	stop();
	node->fail_after = 0;
	memory_cut(node, cut);
	look();
	model_fini(&model);
	memory_fini(&fs);
	mark_point();
	return failed;
}

static void cut_everywhere(unsigned int number)
{
	struct vhd_create what = vhd_cases[number].what;

	what.size = SIZE;
	memset(&seen, 0, sizeof(seen));
	for (uint32_t seed = 1; seed < 4; seed++)
		for (int when = 1; live(&what, seed * 77 + number, when, when % 5 ?
					2 + when * 7 : when % 2); when += 1 + (int)seed)
			;
	ck_assert_uint_gt(seen.mapped, 0);
	ck_assert_uint_gt(seen.asked, 0);
	ck_assert_uint_gt(seen.revoked, 0);
	ck_assert_uint_gt(seen.forgotten, 0);
	ck_assert_uint_gt(seen.stale, 0);
	ck_assert_uint_eq(!!seen.committed, !!what.parent);
}

START_TEST(vhd_dynamic)
{
	cut_everywhere(2);
}
END_TEST

START_TEST(vhd_chain)
{
	cut_everywhere(3);
}
END_TEST

START_TEST(vhdx_dynamic)
{
	cut_everywhere(5);
}
END_TEST

START_TEST(vhdx_chain)
{
	cut_everywhere(6);
}
END_TEST

START_TEST(vhdx_chain_4096)
{
	cut_everywhere(8);
}
END_TEST

static void setup(void)
{
}

int main(void)
{
	const TTest *const tests[] = {
		vhd_dynamic, vhd_chain, vhdx_dynamic, vhdx_chain, vhdx_chain_4096,
	};

	return run_tests("vhd_map", tests, ARRAY_SIZE(tests), setup, setup);
}
