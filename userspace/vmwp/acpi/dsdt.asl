/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fixed devices of a machine.
 *
 * \VMOD is the module device with the address space of the VMBus, and VMBS the
 * bus itself: guest drivers find it by its hardware ID and look for address space
 * in its ancestors' _CRS.  MMHB, MMHL (start and length of the space above RAM) and
 * COMS (a bit for each serial port) come from the SSDT.  Numbers agree with
 * layout.h and vdev.h.
 */
DefinitionBlock ("dsdt.aml", "DSDT", 2, "RSTOCK", "ROOTSTCK", 1)
{
	External (\MMHB, IntObj)
	External (\MMHL, IntObj)
	External (\COMS, IntObj)

	Name (\_S0, Package () { 0, 0, 0, 0 })
	Name (\_S5, Package () { 5, 5, 0, 0 })

	Scope (\_SB)
	{
		Device (VMOD)
		{
			Name (_HID, "ACPI0004")
			Name (_UID, 0)
			Name (CRES, ResourceTemplate ()
			{
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					Cacheable, ReadWrite, 0,
					0xF8000000, 0xFEBFFFFF, 0, 0x06C00000)
				QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					Cacheable, ReadWrite, 0, 0, 0, 0, 1, , , HIGH)
			})
			Method (_CRS, 0, Serialized)
			{
				CreateQWordField (CRES, \_SB.VMOD.HIGH._MIN, HMIN)
				CreateQWordField (CRES, \_SB.VMOD.HIGH._MAX, HMAX)
				CreateQWordField (CRES, \_SB.VMOD.HIGH._LEN, HLEN)
				HMIN = \MMHB
				HMAX = \MMHB + \MMHL - 1
				HLEN = \MMHL
				Return (CRES)
			}

			Device (VMBS)
			{
				Name (_HID, "MSFT1000")
				Name (_CID, "VMBus")
				Name (_DDN, "VMBUS")
				Name (_UID, 0)
				Name (_STA, 0x0F)
				Name (_CRS, ResourceTemplate ()
				{
					IRQ (Edge, ActiveHigh, Exclusive) { 5 }
				})
			}
		}

		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 1)
			Method (_STA) { If (\COMS & 1) { Return (0x0F) } Return (0) }
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x3F8, 0x3F8, 1, 8)
				IRQNoFlags () { 4 }
			})
		}

		Device (COM2)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 2)
			Method (_STA) { If (\COMS & 2) { Return (0x0F) } Return (0) }
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x2F8, 0x2F8, 1, 8)
				IRQNoFlags () { 3 }
			})
		}

		Device (COM3)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 3)
			Method (_STA) { If (\COMS & 4) { Return (0x0F) } Return (0) }
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x3E8, 0x3E8, 1, 8)
				IRQNoFlags () { 4 }
			})
		}

		Device (COM4)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 4)
			Method (_STA) { If (\COMS & 8) { Return (0x0F) } Return (0) }
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x2E8, 0x2E8, 1, 8)
				IRQNoFlags () { 3 }
			})
		}

		Device (RTC)
		{
			Name (_HID, EisaId ("PNP0B00"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x70, 0x70, 1, 2)
				IRQNoFlags () { 8 }
			})
		}

		Device (PIC)
		{
			Name (_HID, EisaId ("PNP0000"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x20, 0x20, 1, 2)
				IO (Decode16, 0xA0, 0xA0, 1, 2)
				IO (Decode16, 0x4D0, 0x4D0, 1, 2)
				IRQNoFlags () { 2 }
			})
		}

		Device (TIMR)
		{
			Name (_HID, EisaId ("PNP0100"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x40, 0x40, 1, 4)
				IRQNoFlags () { 0 }
			})
		}

		Device (SPKR)
		{
			Name (_HID, EisaId ("PNP0800"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x61, 0x61, 1, 1)
			})
		}

		/* What the operating system must give to nobody else. */
		Device (SYSR)
		{
			Name (_HID, EisaId ("PNP0C02"))
			Name (_UID, 1)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x92, 0x92, 1, 1)
				IO (Decode16, 0xE9, 0xE9, 1, 1)
				IO (Decode16, 0xF4, 0xF4, 1, 4)
				IO (Decode16, 0x600, 0x600, 1, 0x20)
				Memory32Fixed (ReadWrite, 0xFEC00000, 0x1000)
				Memory32Fixed (ReadWrite, 0xFEE00000, 0x1000)
			})
		}
	}
}
