// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The instruction emulator's arithmetic: results and flags of one operation.
 *
 * Intel SDM volume 2 (the operations' "Flags affected") and volume 1 §3.4.3.1.
 * Flags that are undefined are left as they are, or as the formula gives them.
 *
 * Context: any; pure.
 */
#include "emulate_internal.h"

/**
 * emulate_mask() - ones in the low bits
 * @bits: 1..64
 */
uint64_t emulate_mask(unsigned int bits)
{
	return bits >= 64 ? ~0ull : (1ull << bits) - 1;
}

/**
 * emulate_sign_extend() - a value of some bits as one of 64
 * @value: its higher bits do not matter
 * @bits:  1..64
 */
uint64_t emulate_sign_extend(uint64_t value, unsigned int bits)
{
	uint64_t sign = 1ull << (bits - 1);

	value &= emulate_mask(bits);
	return (value ^ sign) - sign;
}

static uint64_t top_bit(const struct emulate_alu *alu, uint64_t value)
{
	return value >> (alu->bits - 1) & 1;
}

static void set_flag(struct emulate_alu *alu, uint64_t flag, bool value)
{
	alu->flags = value ? alu->flags | flag : alu->flags & ~flag;
}

/* Sign, zero and parity of a result, which is returned cut to its size. */
static uint64_t set_result(struct emulate_alu *alu, uint64_t result)
{
	result &= emulate_mask(alu->bits);
	set_flag(alu, EMULATE_SF, top_bit(alu, result));
	set_flag(alu, EMULATE_ZF, !result);
	set_flag(alu, EMULATE_PF, !__builtin_parity((unsigned int)(result & 0xff)));
	return result;
}

static uint64_t add_carry(struct emulate_alu *alu, uint64_t a, uint64_t b, unsigned int carry)
{
	uint64_t r = a + b + carry;

	set_flag(alu, EMULATE_CF, top_bit(alu, (a & b) | ((a | b) & ~r)));
	set_flag(alu, EMULATE_OF, top_bit(alu, (a ^ r) & (b ^ r)));
	set_flag(alu, EMULATE_AF, (a ^ b ^ r) & 0x10);
	return set_result(alu, r);
}

static uint64_t sub_borrow(struct emulate_alu *alu, uint64_t a, uint64_t b, unsigned int borrow)
{
	uint64_t r = a - b - borrow;

	set_flag(alu, EMULATE_CF, top_bit(alu, (~a & b) | ((~a | b) & r)));
	set_flag(alu, EMULATE_OF, top_bit(alu, (a ^ b) & (a ^ r)));
	set_flag(alu, EMULATE_AF, (a ^ b ^ r) & 0x10);
	return set_result(alu, r);
}

static uint64_t logic(struct emulate_alu *alu, uint64_t r)
{
	alu->flags &= ~(uint64_t)(EMULATE_CF | EMULATE_OF | EMULATE_AF);
	return set_result(alu, r);
}

uint64_t emulate_add(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return add_carry(alu, a, b, 0);
}

uint64_t emulate_adc(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return add_carry(alu, a, b, !!(alu->flags & EMULATE_CF));
}

uint64_t emulate_sub(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return sub_borrow(alu, a, b, 0);
}

uint64_t emulate_sbb(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return sub_borrow(alu, a, b, !!(alu->flags & EMULATE_CF));
}

uint64_t emulate_and(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return logic(alu, a & b);
}

uint64_t emulate_or(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return logic(alu, a | b);
}

uint64_t emulate_xor(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return logic(alu, a ^ b);
}

/* INC and DEC keep the carry. */
uint64_t emulate_inc(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	uint64_t carry = alu->flags & EMULATE_CF;
	uint64_t r = add_carry(alu, a, 1, 0);

	set_flag(alu, EMULATE_CF, carry);
	return r;
}

uint64_t emulate_dec(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	uint64_t carry = alu->flags & EMULATE_CF;
	uint64_t r = sub_borrow(alu, a, 1, 0);

	set_flag(alu, EMULATE_CF, carry);
	return r;
}

uint64_t emulate_neg(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return sub_borrow(alu, 0, a, 0);
}

uint64_t emulate_not(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return ~a & emulate_mask(alu->bits);
}

/* ------------------------------------------------------- shifts and rotates */

static unsigned int shift_count(const struct emulate_alu *alu, uint64_t count)
{
	return (unsigned int)(count & (alu->bits == 64 ? 63 : 31));
}

/* The carry has the last bit shifted out; none is left after more than all. */
uint64_t emulate_shl(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	unsigned int count = shift_count(alu, b);
	uint64_t r = a << count;

	if (!count)
		return a;
	set_flag(alu, EMULATE_CF, count <= alu->bits && (a >> (alu->bits - count) & 1));
	set_flag(alu, EMULATE_OF, top_bit(alu, r) ^ !!(alu->flags & EMULATE_CF));
	return set_result(alu, r);
}

uint64_t emulate_shr(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	unsigned int count = shift_count(alu, b);

	if (!count)
		return a;
	a &= emulate_mask(alu->bits);
	set_flag(alu, EMULATE_CF, a >> (count - 1) & 1);
	set_flag(alu, EMULATE_OF, top_bit(alu, a));
	return set_result(alu, a >> count);
}

uint64_t emulate_sar(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	unsigned int count = shift_count(alu, b);
	int64_t wide = (int64_t)emulate_sign_extend(a, alu->bits);

	if (!count)
		return a;
	set_flag(alu, EMULATE_CF, wide >> (count - 1) & 1);
	set_flag(alu, EMULATE_OF, false);
	return set_result(alu, (uint64_t)(wide >> count));
}

/* One step of a rotation, through the carry or not, until @count are done. */
static uint64_t rotate_left(struct emulate_alu *alu, uint64_t a, unsigned int count, bool carry)
{
	for (; count; count--) {
		uint64_t out = top_bit(alu, a);
		uint64_t in = carry ? alu->flags & EMULATE_CF : out;

		a = (a << 1 | in) & emulate_mask(alu->bits);
		set_flag(alu, EMULATE_CF, out);
		set_flag(alu, EMULATE_OF, top_bit(alu, a) ^ out);
	}
	return a;
}

static uint64_t rotate_right(struct emulate_alu *alu, uint64_t a, unsigned int count, bool carry)
{
	a &= emulate_mask(alu->bits);
	for (; count; count--) {
		uint64_t out = a & 1;
		uint64_t in = carry ? alu->flags & EMULATE_CF : out;

		a = a >> 1 | in << (alu->bits - 1);
		set_flag(alu, EMULATE_CF, out);
		set_flag(alu, EMULATE_OF, top_bit(alu, a) ^ top_bit(alu, a << 1));
	}
	return a;
}

uint64_t emulate_rol(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return rotate_left(alu, a, shift_count(alu, b), false);
}

uint64_t emulate_ror(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return rotate_right(alu, a, shift_count(alu, b), false);
}

uint64_t emulate_rcl(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return rotate_left(alu, a, shift_count(alu, b), true);
}

uint64_t emulate_rcr(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return rotate_right(alu, a, shift_count(alu, b), true);
}

/* ------------------------------------------------------------------ bit tests */

static uint64_t take_bit(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	unsigned int bit = (unsigned int)(b & (alu->bits - 1));

	set_flag(alu, EMULATE_CF, a >> bit & 1);
	return 1ull << bit;
}

uint64_t emulate_bt(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	take_bit(alu, a, b);
	return a;
}

uint64_t emulate_bts(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return a | take_bit(alu, a, b);
}

uint64_t emulate_btr(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return a & ~take_bit(alu, a, b);
}

uint64_t emulate_btc(struct emulate_alu *alu, uint64_t a, uint64_t b)
{
	return a ^ take_bit(alu, a, b);
}

/**
 * emulate_condition() - whether the flags meet a condition
 * @flags: RFLAGS
 * @code:  the low four bits of a Jcc, SETcc or CMOVcc opcode (SDM1 appendix B)
 */
bool emulate_condition(uint64_t flags, unsigned int code)
{
	bool less = !!(flags & EMULATE_SF) != !!(flags & EMULATE_OF);
	bool met[8] = {
		flags & EMULATE_OF,
		flags & EMULATE_CF,
		flags & EMULATE_ZF,
		flags & (EMULATE_CF | EMULATE_ZF),
		flags & EMULATE_SF,
		flags & EMULATE_PF,
		less,
		less || (flags & EMULATE_ZF),
	};

	return met[code >> 1 & 7] != (code & 1);
}
