/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the core, system "rootstock".  All may be called in any context:
 *
 *   trace_rs_exit(u64 partition, u32 vp, u8 kind, u64 rip, u64 hardware)
 *   trace_rs_hypercall(u64 partition, u32 vp, u16 code, bool fast, u16 reps, u16 status)
 *   trace_rs_inject(u64 partition, u32 vp, u8 type, u8 vector, u32 error)
 *   trace_rs_message(u64 partition, u32 vp, u32 type)
 *   trace_rs_slat_fault(u64 partition, u32 vp, u64 gpa, u32 flags)
 *
 * @kind is enum rs_exit_kind, @hardware the vendor's own exit code, @type of an injection
 * enum hv_interruption_type, of a message enum hv_message_type; flags of a fault are
 * RS_TRACE_WRITE, RS_TRACE_FETCH, RS_TRACE_PRESENT, RS_TRACE_WALK.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM rootstock

#if !defined(ROOTSTOCK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define ROOTSTOCK_TRACE_H

#include <linux/tracepoint.h>
#include "backend.h"

#ifndef RS_TRACE_WRITE
#define RS_TRACE_WRITE		1u
#define RS_TRACE_FETCH		2u
#define RS_TRACE_PRESENT	4u
#define RS_TRACE_WALK		8u
#endif

#define rs_show_exit(kind) __print_symbolic(kind,		\
	{ RS_EXIT_NONE,			"host" },		\
	{ RS_EXIT_IO,			"io" },			\
	{ RS_EXIT_RDMSR,		"rdmsr" },		\
	{ RS_EXIT_WRMSR,		"wrmsr" },		\
	{ RS_EXIT_CPUID,		"cpuid" },		\
	{ RS_EXIT_HLT,			"hlt" },		\
	{ RS_EXIT_PAUSE,		"pause" },		\
	{ RS_EXIT_HYPERCALL,		"hypercall" },		\
	{ RS_EXIT_SLAT_FAULT,		"slat-fault" },		\
	{ RS_EXIT_INTERRUPT_WINDOW,	"interrupt-window" },	\
	{ RS_EXIT_CR_WRITE,		"cr-write" },		\
	{ RS_EXIT_CR_READ,		"cr-read" },		\
	{ RS_EXIT_XSETBV,		"xsetbv" },		\
	{ RS_EXIT_RDPMC,		"rdpmc" },		\
	{ RS_EXIT_CACHE,		"cache" },		\
	{ RS_EXIT_UNDEFINED,		"undefined" },		\
	{ RS_EXIT_TASK_SWITCH,		"task-switch" },	\
	{ RS_EXIT_TRIPLE_FAULT,		"triple-fault" },	\
	{ RS_EXIT_INVALID_STATE,	"invalid-state" })

#define rs_show_event(type) __print_symbolic(type,		\
	{ HV_INTERRUPTION_EXTERNAL,	"external" },		\
	{ HV_INTERRUPTION_NMI,		"nmi" },		\
	{ HV_INTERRUPTION_EXCEPTION,	"exception" },		\
	{ HV_INTERRUPTION_SOFTWARE,	"software" })

#define rs_show_fault(flags) __print_flags(flags, "|",		\
	{ RS_TRACE_WRITE,		"write" },		\
	{ RS_TRACE_FETCH,		"fetch" },		\
	{ RS_TRACE_PRESENT,		"present" },		\
	{ RS_TRACE_WALK,		"walk" })

TRACE_EVENT(rs_exit,
	    TP_PROTO(u64 partition, u32 vp, u8 kind, u64 rip, u64 hardware),
	    TP_ARGS(partition, vp, kind, rip, hardware),
	    TP_STRUCT__entry(__field(u64, partition)
			     __field(u64, rip)
			     __field(u64, hardware)
			     __field(u32, vp)
			     __field(u8, kind)),
	    TP_fast_assign(__entry->partition = partition;
			   __entry->rip = rip;
			   __entry->hardware = hardware;
			   __entry->vp = vp;
			   __entry->kind = kind;),
	    TP_printk("partition=%llu vp=%u %s rip=0x%llx hardware=0x%llx",
		      __entry->partition, __entry->vp, rs_show_exit(__entry->kind),
		      __entry->rip, __entry->hardware));

TRACE_EVENT(rs_hypercall,
	    TP_PROTO(u64 partition, u32 vp, u16 code, bool fast, u16 reps, u16 status),
	    TP_ARGS(partition, vp, code, fast, reps, status),
	    TP_STRUCT__entry(__field(u64, partition)
			     __field(u32, vp)
			     __field(u16, code)
			     __field(u16, reps)
			     __field(u16, status)
			     __field(bool, fast)),
	    TP_fast_assign(__entry->partition = partition;
			   __entry->vp = vp;
			   __entry->code = code;
			   __entry->reps = reps;
			   __entry->status = status;
			   __entry->fast = fast;),
	    TP_printk("partition=%llu vp=%u code=0x%x fast=%d reps=%u status=0x%x",
		      __entry->partition, __entry->vp, __entry->code, __entry->fast,
		      __entry->reps, __entry->status));

TRACE_EVENT(rs_inject,
	    TP_PROTO(u64 partition, u32 vp, u8 type, u8 vector, u32 error),
	    TP_ARGS(partition, vp, type, vector, error),
	    TP_STRUCT__entry(__field(u64, partition)
			     __field(u32, vp)
			     __field(u32, error)
			     __field(u8, type)
			     __field(u8, vector)),
	    TP_fast_assign(__entry->partition = partition;
			   __entry->vp = vp;
			   __entry->error = error;
			   __entry->type = type;
			   __entry->vector = vector;),
	    TP_printk("partition=%llu vp=%u %s vector=%u error=0x%x",
		      __entry->partition, __entry->vp, rs_show_event(__entry->type),
		      __entry->vector, __entry->error));

TRACE_EVENT(rs_message,
	    TP_PROTO(u64 partition, u32 vp, u32 type),
	    TP_ARGS(partition, vp, type),
	    TP_STRUCT__entry(__field(u64, partition)
			     __field(u32, vp)
			     __field(u32, type)),
	    TP_fast_assign(__entry->partition = partition;
			   __entry->vp = vp;
			   __entry->type = type;),
	    TP_printk("partition=%llu vp=%u type=0x%08x",
		      __entry->partition, __entry->vp, __entry->type));

TRACE_EVENT(rs_slat_fault,
	    TP_PROTO(u64 partition, u32 vp, u64 gpa, u32 flags),
	    TP_ARGS(partition, vp, gpa, flags),
	    TP_STRUCT__entry(__field(u64, partition)
			     __field(u64, gpa)
			     __field(u32, vp)
			     __field(u32, flags)),
	    TP_fast_assign(__entry->partition = partition;
			   __entry->gpa = gpa;
			   __entry->vp = vp;
			   __entry->flags = flags;),
	    TP_printk("partition=%llu vp=%u gpa=0x%llx %s",
		      __entry->partition, __entry->vp, __entry->gpa,
		      rs_show_fault(__entry->flags)));

#endif

/* Found through kmod/Kbuild's -I$(src). */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
