// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The MC146818 real-time clock with 128 bytes of CMOS memory, ports 0x70 and 0x71,
 * interrupt GSI 8.
 *
 * Motorola MC146818A data sheet (ADI856R3).  The bytes from 0x0e on are a PC's by
 * convention: memory sizes, the century at 0x32.  Nothing ticks: the time is the
 * host's UTC plus an offset, flags are brought up to date when someone looks, and
 * there is a timer only for an interrupt that is enabled and whose flag is clear.
 *
 * Context: the machine's device lock.
 */
#include <stdlib.h>
#include <string.h>

#include <rs_types.h>

#include "vdev.h"

#define NS_PER_S	1000000000ll
#define S_PER_DAY	86400LL
#define S_PER_HOUR	3600LL
#define S_PER_MINUTE	60LL
#define RTC_GSI		8u
#define RTC_HZ		32768u
#define RTC_UIP_NS	2228000ll	/* 244 us notice and 1984 us update cycle */
#define RTC_YEAR_MIN	1970
#define RTC_BYTES	128u

enum {
	CMOS_SECONDS		= 0x00,
	CMOS_SECONDS_ALARM	= 0x01,
	CMOS_MINUTES		= 0x02,
	CMOS_MINUTES_ALARM	= 0x03,
	CMOS_HOURS		= 0x04,
	CMOS_HOURS_ALARM	= 0x05,
	CMOS_WEEKDAY		= 0x06,
	CMOS_DAY		= 0x07,
	CMOS_MONTH		= 0x08,
	CMOS_YEAR		= 0x09,
	CMOS_A			= 0x0a,
	CMOS_B			= 0x0b,
	CMOS_C			= 0x0c,
	CMOS_D			= 0x0d,
	CMOS_EQUIPMENT		= 0x14,
	CMOS_BASE_MEMORY	= 0x15,
	CMOS_EXTENDED_MEMORY	= 0x17,
	CMOS_CHECKSUM		= 0x2e,
	CMOS_EXTENDED_POST	= 0x30,
	CMOS_CENTURY		= 0x32,
	CMOS_ABOVE_16M		= 0x34,
	CMOS_ABOVE_4G		= 0x5b,

	A_RATE			= 0x0f,
	A_DIVIDER		= 0x70,
	A_DIVIDER_RUN		= 0x20,	/* a 32.768 kHz time base */
	A_UIP			= 0x80,

	B_24H			= 1 << 1,
	B_BINARY		= 1 << 2,
	B_UIE			= 1 << 4,
	B_AIE			= 1 << 5,
	B_PIE			= 1 << 6,
	B_SET			= 1 << 7,

	C_UF			= 1 << 4,	/* each flag in the place of its enable */
	C_AF			= 1 << 5,
	C_PF			= 1 << 6,
	C_IRQF			= 1 << 7,

	D_VRT			= 1 << 7,	/* the battery is good */
	HOURS_PM		= 0x80,
	ALARM_ANY		= 0xc0,
};

struct rtc {
	uint8_t cmos[RTC_BYTES];	/* the time in it is stale unless halted */
	uint8_t index;
	bool halted;			/* SET, or the divider is held in reset */
	int64_t offset;			/* ns, the guest's clock less the host's */
	int64_t seen;			/* the guest's clock, when flags were brought up to date */
	uint64_t seen_tick;		/* same, of the 32.768 kHz base */
	bool line;
	struct vdev_timer timer;
	struct bus *bus;
	const struct vdev_host *host;
};

/* The guest's clock, ns since 1970. */
static int64_t rtc_clock(const struct rtc *rtc)
{
	return (int64_t)(rtc->host->wall(rtc->host->ctx) + (uint64_t)rtc->offset);
}

static uint64_t rtc_tick(const struct rtc *rtc)
{
	return mul_u64_u64_div_u64(rtc->host->now(rtc->host->ctx), RTC_HZ, NS_PER_S);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* ------------------------------------------------------------ date and bytes */

/*
 * Days since 1970-01-01 of a date in the Gregorian calendar.  Years are counted
 * from March, so that the leap day is a year's last.
 */
static int64_t days_of_date(int64_t year, unsigned int month, unsigned int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t m = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + (day - 1) - 719468;
}

/* The year that a day lies in: a guess from the mean length, then corrected. */
static int64_t year_of_day(int64_t days)
{
	int64_t year = RTC_YEAR_MIN + floor_div(days * 400, 146097);

	while (days_of_date(year, 1, 1) > days)
		year--;
	while (days_of_date(year + 1, 1, 1) <= days)
		year++;
	return year;
}

static uint8_t rtc_encode(const struct rtc *rtc, unsigned int n)
{
	return (uint8_t)(rtc->cmos[CMOS_B] & B_BINARY ? n : (n / 10 % 10) << 4 | n % 10);
}

static unsigned int rtc_decode(const struct rtc *rtc, uint8_t byte)
{
	return rtc->cmos[CMOS_B] & B_BINARY ? byte : (byte >> 4) * 10u + (byte & 0xf);
}

static uint8_t rtc_encode_hour(const struct rtc *rtc, unsigned int hour)
{
	if (rtc->cmos[CMOS_B] & B_24H)
		return rtc_encode(rtc, hour);
	return rtc_encode(rtc, (hour + 11) % 12 + 1) | (hour >= 12 ? HOURS_PM : 0);
}

static unsigned int rtc_decode_hour(const struct rtc *rtc, uint8_t byte)
{
	if (rtc->cmos[CMOS_B] & B_24H)
		return rtc_decode(rtc, byte);
	return rtc_decode(rtc, byte & ~HOURS_PM) % 12 + (byte & HOURS_PM ? 12 : 0);
}

/* The clock into its ten bytes and the century. */
static void rtc_store(struct rtc *rtc, int64_t clock)
{
	int64_t seconds = floor_div(clock, NS_PER_S), days = floor_div(seconds, S_PER_DAY);
	unsigned int left = (unsigned int)(seconds - days * S_PER_DAY);
	int64_t year = year_of_day(days);
	unsigned int month = 12, day;

	while (days_of_date(year, month, 1) > days)
		month--;
	day = (unsigned int)(days - days_of_date(year, month, 1)) + 1;
	rtc->cmos[CMOS_SECONDS] = rtc_encode(rtc, left % 60);
	rtc->cmos[CMOS_MINUTES] = rtc_encode(rtc, left / 60 % 60);
	rtc->cmos[CMOS_HOURS] = rtc_encode_hour(rtc, left / 3600);
	rtc->cmos[CMOS_WEEKDAY] = rtc_encode(rtc, (unsigned int)((days % 7 + 11) % 7 + 1));
	rtc->cmos[CMOS_DAY] = rtc_encode(rtc, day);
	rtc->cmos[CMOS_MONTH] = rtc_encode(rtc, month);
	rtc->cmos[CMOS_YEAR] = rtc_encode(rtc, (unsigned int)(year % 100));
	rtc->cmos[CMOS_CENTURY] = rtc_encode(rtc, (unsigned int)(year / 100));
}

static unsigned int clamp(unsigned int n, unsigned int low, unsigned int high)
{
	return n < low ? low : n > high ? high : n;
}

/* The bytes back into seconds since 1970; what is no date becomes the nearest. */
static int64_t rtc_load(const struct rtc *rtc)
{
	unsigned int year = rtc_decode(rtc, rtc->cmos[CMOS_YEAR]) % 100;
	unsigned int century = rtc_decode(rtc, rtc->cmos[CMOS_CENTURY]);
	unsigned int month = clamp(rtc_decode(rtc, rtc->cmos[CMOS_MONTH]), 1, 12);
	unsigned int day = clamp(rtc_decode(rtc, rtc->cmos[CMOS_DAY]), 1, 31);
	int64_t days;

	century = clamp(century, 19, 21);
	year = clamp(century * 100 + year, RTC_YEAR_MIN, 2199);
	days = days_of_date(year, month, day);
	return days * S_PER_DAY +
	       clamp(rtc_decode_hour(rtc, rtc->cmos[CMOS_HOURS]), 0, 23) * S_PER_HOUR +
	       clamp(rtc_decode(rtc, rtc->cmos[CMOS_MINUTES]), 0, 59) * S_PER_MINUTE +
	       clamp(rtc_decode(rtc, rtc->cmos[CMOS_SECONDS]), 0, 59);
}

/* ---------------------------------------------------------- flags and alarms */

static bool alarm_matches(uint8_t alarm, uint8_t now)
{
	return (alarm & ALARM_ANY) == ALARM_ANY || alarm == now;
}

/* The first second after @second (of a day, or later) that the alarm matches, or -1. */
static int64_t rtc_next_alarm(const struct rtc *rtc, int64_t second)
{
	int64_t at = second + 1, end = second + S_PER_DAY;

	while (at <= end) {
		unsigned int s = (unsigned int)(at - floor_div(at, S_PER_DAY) * S_PER_DAY);

		if (!alarm_matches(rtc->cmos[CMOS_HOURS_ALARM], rtc_encode_hour(rtc, s / 3600)))
			at += 3600 - s % 3600;
		else if (!alarm_matches(rtc->cmos[CMOS_MINUTES_ALARM],
					rtc_encode(rtc, s / 60 % 60)))
			at += 60 - s % 60;
		else if (!alarm_matches(rtc->cmos[CMOS_SECONDS_ALARM], rtc_encode(rtc, s % 60)))
			at++;
		else
			return at;
	}
	return -1;
}

/* Ticks of the periodic interrupt, 0 for none (data sheet, table 5). */
static uint64_t rtc_period(const struct rtc *rtc)
{
	unsigned int rate = rtc->cmos[CMOS_A] & A_RATE;

	if (!rate || (rtc->cmos[CMOS_A] & A_DIVIDER) != A_DIVIDER_RUN)
		return 0;
	return 1ull << (rate < 3 ? rate + 6 : rate - 1);
}

/* Sets the flags of everything that happened since the last time. */
static void rtc_catch_up(struct rtc *rtc)
{
	int64_t clock = rtc_clock(rtc), seen = floor_div(rtc->seen, NS_PER_S);
	uint64_t tick = rtc_tick(rtc), period = rtc_period(rtc);
	int64_t alarm;

	if (period && tick / period != rtc->seen_tick / period)
		rtc->cmos[CMOS_C] |= C_PF;
	rtc->seen_tick = tick;
	if (!rtc->halted && floor_div(clock, NS_PER_S) > seen) {
		rtc->cmos[CMOS_C] |= C_UF;
		alarm = rtc_next_alarm(rtc, seen);
		if (alarm >= 0 && alarm <= floor_div(clock, NS_PER_S))
			rtc->cmos[CMOS_C] |= C_AF;
	}
	rtc->seen = clock;
}

static void rtc_update_line(struct rtc *rtc)
{
	bool level = rtc->cmos[CMOS_C] & rtc->cmos[CMOS_B] & (B_PIE | B_AIE | B_UIE);

	rtc->cmos[CMOS_C] = (rtc->cmos[CMOS_C] & ~C_IRQF) | (level ? C_IRQF : 0);
	if (rtc->line == level)
		return;
	rtc->line = level;
	rtc->host->set_irq(rtc->host->ctx, RTC_GSI, level);
}

static uint64_t rtc_earlier(uint64_t a, uint64_t b)
{
	return !a || b < a ? b : a;
}

/* When the guest's clock reaches @second, on the host's monotonic clock. */
static uint64_t rtc_deadline(const struct rtc *rtc, int64_t second)
{
	return rtc->host->now(rtc->host->ctx) + (uint64_t)(second * NS_PER_S - rtc_clock(rtc));
}

/* Arms the timer for the next flag that is clear and enabled. */
static void rtc_arm(struct rtc *rtc)
{
	uint8_t wanted = rtc->cmos[CMOS_B] & ~rtc->cmos[CMOS_C];
	int64_t second = floor_div(rtc_clock(rtc), NS_PER_S), alarm;
	uint64_t deadline = 0, period = rtc_period(rtc), tick;

	if ((wanted & B_PIE) && period) {
		tick = (rtc_tick(rtc) / period + 1) * period;
		deadline = mul_u64_u64_div_u64(tick, NS_PER_S, RTC_HZ) + 1;
	}
	if ((wanted & B_UIE) && !rtc->halted)
		deadline = rtc_earlier(deadline, rtc_deadline(rtc, second + 1));
	if ((wanted & B_AIE) && !rtc->halted) {
		alarm = rtc_next_alarm(rtc, second);
		if (alarm >= 0)
			deadline = rtc_earlier(deadline, rtc_deadline(rtc, alarm));
	}
	rtc->host->arm(rtc->host->ctx, &rtc->timer, deadline);
}

static void rtc_expired(void *dev)
{
	struct rtc *rtc = dev;

	rtc_catch_up(rtc);
	rtc_update_line(rtc);
	rtc_arm(rtc);
}

/* ----------------------------------------------------------------- registers */

static bool index_is_time(uint8_t index)
{
	return index <= CMOS_HOURS ? !(index & 1) : index <= CMOS_YEAR && index >= CMOS_WEEKDAY;
}

/* Halting keeps the time in the bytes; running again takes it from there. */
static void rtc_set_halted(struct rtc *rtc)
{
	bool halted = (rtc->cmos[CMOS_B] & B_SET) ||
		      (rtc->cmos[CMOS_A] & A_DIVIDER) != A_DIVIDER_RUN;

	if (halted == rtc->halted)
		return;
	rtc->halted = halted;
	if (halted) {
		rtc_store(rtc, rtc_clock(rtc));
		return;
	}
	rtc->offset = (int64_t)((uint64_t)(rtc_load(rtc) * NS_PER_S) -
				rtc->host->wall(rtc->host->ctx));
	rtc->seen = rtc_clock(rtc);
}

static bool rtc_updating(const struct rtc *rtc)
{
	int64_t clock = rtc_clock(rtc);
	int64_t part = clock - floor_div(clock, NS_PER_S) * NS_PER_S;

	return !rtc->halted && part >= NS_PER_S - RTC_UIP_NS;
}

static uint8_t rtc_read_c(struct rtc *rtc)
{
	uint8_t value;

	rtc_catch_up(rtc);
	rtc_update_line(rtc);
	value = rtc->cmos[CMOS_C];
	rtc->cmos[CMOS_C] = 0;
	rtc_update_line(rtc);
	rtc_arm(rtc);
	return value;
}

static uint8_t rtc_get(struct rtc *rtc, uint8_t index)
{
	if ((index_is_time(index) || index == CMOS_CENTURY) && !rtc->halted)
		rtc_store(rtc, rtc_clock(rtc));
	if (index == CMOS_A)
		return rtc->cmos[CMOS_A] | (rtc_updating(rtc) ? A_UIP : 0);
	if (index == CMOS_C)
		return rtc_read_c(rtc);
	return rtc->cmos[index];
}

/* Register B; SET also clears UIE (data sheet, "Register B"). */
static void rtc_put_b(struct rtc *rtc, uint8_t value)
{
	uint8_t format = (rtc->cmos[CMOS_B] ^ value) & (B_24H | B_BINARY);

	if (format && !rtc->halted)
		rtc_store(rtc, rtc_clock(rtc));
	rtc->cmos[CMOS_B] = value & B_SET ? value & ~B_UIE : value;
	rtc_set_halted(rtc);
}

/* A time byte written while the clock runs changes that part of the time only. */
static void rtc_put_time(struct rtc *rtc, uint8_t index, uint8_t value)
{
	int64_t clock = rtc_clock(rtc);
	int64_t part = clock - floor_div(clock, NS_PER_S) * NS_PER_S;

	if (!rtc->halted)
		rtc_store(rtc, clock);
	rtc->cmos[index] = value;
	if (rtc->halted)
		return;
	rtc->offset = (int64_t)((uint64_t)(rtc_load(rtc) * NS_PER_S + part) -
				rtc->host->wall(rtc->host->ctx));
	rtc->seen = rtc_clock(rtc);
}

static void rtc_put(struct rtc *rtc, uint8_t index, uint8_t value)
{
	rtc_catch_up(rtc);
	if (index == CMOS_A) {
		rtc->cmos[CMOS_A] = value & ~A_UIP;
		rtc_set_halted(rtc);
	} else if (index == CMOS_B) {
		rtc_put_b(rtc, value);
	} else if (index_is_time(index) || index == CMOS_CENTURY) {
		rtc_put_time(rtc, index, value);
	} else if (index != CMOS_C && index != CMOS_D) {
		rtc->cmos[index] = value;
	}
	rtc_update_line(rtc);
	rtc_arm(rtc);
}

/* The index is write only; its bit 7 masks NMI, which nothing here raises. */
static uint64_t rtc_read(void *dev, uint64_t offset, unsigned int size)
{
	struct rtc *rtc = dev;

	return offset ? rtc_get(rtc, rtc->index) : 0xff;
}

static void rtc_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct rtc *rtc = dev;

	if (offset)
		rtc_put(rtc, rtc->index, (uint8_t)value);
	else
		rtc->index = value & (RTC_BYTES - 1);
}

static const struct bus_ops rtc_ops = { rtc_read, rtc_write, .max_size = 1 };

/* --------------------------------------------------------------------- power */

static void rtc_put_bytes(struct rtc *rtc, uint8_t index, uint64_t value, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		rtc->cmos[index + i] = (uint8_t)(value >> (i * 8));
}

static uint64_t units(uint64_t bytes, uint64_t above, uint64_t unit, uint64_t limit)
{
	uint64_t n = bytes > above ? (bytes - above) / unit : 0;

	return n < limit ? n : limit;
}

/* Memory sizes as firmware leaves them for operating systems and SeaBIOS. */
static void rtc_fill(struct rtc *rtc, uint64_t below_4g, uint64_t above_4g)
{
	uint64_t extended = units(below_4g, 1 << 20, 1 << 10, 0xffff);
	unsigned int sum = 0;

	rtc->cmos[CMOS_A] = A_DIVIDER_RUN | 6;
	rtc->cmos[CMOS_B] = B_24H;
	rtc->cmos[CMOS_D] = D_VRT;
	rtc->cmos[CMOS_EQUIPMENT] = 0x02;	/* a coprocessor */
	rtc_put_bytes(rtc, CMOS_BASE_MEMORY, 640, 2);
	rtc_put_bytes(rtc, CMOS_EXTENDED_MEMORY, extended, 2);
	rtc_put_bytes(rtc, CMOS_EXTENDED_POST, extended, 2);
	rtc_put_bytes(rtc, CMOS_ABOVE_16M, units(below_4g, 16 << 20, 1 << 16, 0xffff), 2);
	rtc_put_bytes(rtc, CMOS_ABOVE_4G, units(above_4g, 0, 1 << 16, 0xffffff), 3);
	for (unsigned int i = 0x10; i < CMOS_CHECKSUM; i++)
		sum += rtc->cmos[i];
	rtc->cmos[CMOS_CHECKSUM] = (uint8_t)(sum >> 8);
	rtc->cmos[CMOS_CHECKSUM + 1] = (uint8_t)sum;
}

/**
 * rtc_create() - power a clock on that runs in UTC, 24 hours, BCD
 * @bus:          where it claims its ports
 * @host:         its clocks, timer and interrupt line
 * @ram_below_4g: bytes of memory for the CMOS to tell
 * @ram_above_4g: bytes beyond 4 GiB
 *
 * Return: the clock, or NULL when memory or ports are taken.
 */
struct rtc *rtc_create(struct bus *bus, const struct vdev_host *host, uint64_t ram_below_4g,
		       uint64_t ram_above_4g)
{
	struct rtc *rtc = calloc(1, sizeof(*rtc));

	if (!rtc)
		return NULL;
	rtc->bus = bus;
	rtc->host = host;
	rtc->timer.expired = rtc_expired;
	rtc->timer.dev = rtc;
	rtc_fill(rtc, ram_below_4g, ram_above_4g);
	rtc->seen = rtc_clock(rtc);
	rtc->seen_tick = rtc_tick(rtc);
	if (!bus_claim(bus, BUS_PIO, 0x70, 2, &rtc_ops, rtc))
		return rtc;
	rtc_destroy(rtc);
	return NULL;
}

/**
 * rtc_destroy() - power a clock off; NULL is fine
 * @rtc: the clock
 */
void rtc_destroy(struct rtc *rtc)
{
	if (!rtc)
		return;
	rtc->host->arm(rtc->host->ctx, &rtc->timer, 0);
	bus_release(rtc->bus, rtc);
	free(rtc);
}
