/** Values that the parts of a configuration share. */
import { z } from 'zod'
import { parseCidr } from '../ingest/ip.ts'

export const zone = z.string().refine((value) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value })
    return true
  } catch {
    return false
  }
}, 'an IANA time zone such as Asia/Ho_Chi_Minh')
export const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d+$/, 'host:port, such as 0.0.0.0:8420 or [::]:8420')
  .refine(
    (text) => Number(/:(\d+)$/.exec(text)?.[1] ?? 0) <= 65_535,
    'host:port with a port from 1 to 65535 (0 takes any that is free)',
  )
export const size = z.string().regex(/^[1-9]\d{0,8}(KB|MB|GB)$/, 'a size such as 64MB')
export const network = z
  .string()
  .refine((value) => parseCidr(value) !== undefined, 'an address or network such as 10.1.0.1 or 2001:db8::/64')

const UNITS = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }
/** Of a size. */
export const bytesOf = (size: string): number => Number(size.slice(0, -2)) * UNITS[size.slice(-2) as keyof typeof UNITS]

const SECRET = /^(?:token|password|api_key)$/
/** What was written, without secrets: the sentence goes into logs. */
export const shownValue = (at: readonly PropertyKey[], found: unknown): string =>
  found !== undefined && SECRET.test(String(at.at(-1)))
    ? 'another'
    : (JSON.stringify(found, (key, value: unknown) => (SECRET.test(key) ? '…' : value)) ?? 'nothing')
