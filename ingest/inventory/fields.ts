/** The words that an inventory is written in: ids, dates, addresses, and what several kinds of entries have. */
import { z } from 'zod'
import { canonicalAddress, parseCidr } from '../ip.ts'

export const id = z.string().regex(/^[a-z0-9][a-z0-9_.-]*$/, 'a lower-case id such as so-y-te')
export const text = z.string().min(1)
/** A day of the province's calendar. */
export const date = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d$/, 'a date YYYY-MM-DD')
  .refine((value) => new Date(`${value}T00:00:00Z`).toJSON()?.startsWith(value) ?? false, 'a date that exists')
/** A time with its zone: planned work begins at an hour. */
export const moment = z
  .string()
  .regex(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/,
    'a time with its zone such as 2026-11-28T20:00+07:00',
  )
  .refine((value) => !Number.isNaN(Date.parse(value)), 'a time that exists')
export const address = z.string().transform((value, context) => {
  const ip = value.includes('%') ? undefined : canonicalAddress(value)
  if (ip !== undefined) return ip
  context.issues.push({ code: 'custom', message: 'an IPv4 or IPv6 address', input: value })
  return z.NEVER
})
export const cidr = z.string().transform((value, context) => {
  if (value.includes('/') && parseCidr(value)) return value
  context.issues.push({ code: 'custom', message: 'a network such as 10.1.0.0/16 or 2001:db8::/48', input: value })
  return z.NEVER
})
export const domain = z
  .string()
  .regex(
    /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/,
    'a lower-case host name',
  )
export const zone = z.string().refine((value) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }) !== undefined
  } catch {
    return false
  }
}, 'an IANA time zone such as Asia/Ho_Chi_Minh')
/** What numbers of incidents begin with: SYT in SYT-2026-014. */
export const code = z.string().regex(/^[A-Z][A-Z0-9]{1,11}$/, 'a code of 2 to 12 letters A-Z and digits, such as SYT')
export const hours = z.number().positive()
export const link = z.url({ protocol: /^https?$/, error: 'a link that begins with https:// or http://' })

/** First day in force, and the first day no longer. */
export const valid = { valid_from: date.optional(), valid_to: date.optional() }
/** It stands in no source that was checked: the demo's choice, or a person's guess. Shown wherever the entry is. */
export const assumed = z.boolean().default(false)

/** Whom to call about an agency, a system or a device. */
export const contact = z.strictObject({
  name: text,
  role: text.optional(),
  phone: z
    .string()
    .regex(/^\+?[0-9][0-9 .()-]{5,24}$/, 'a phone number such as 0270 3822 150')
    .optional(),
  mail: z.email('a mail address').optional(),
  /** Around the clock; else in working hours. */
  always: z.boolean().default(false),
  /** Whom to call where this one does not answer. */
  deputy: text.optional(),
  ...valid,
})
export const contacts = z.array(contact).default([])
