/**
 * The inventory of a province: its agencies, portals, networks and firewalls, and what the law asks. One YAML file, dated:
 * agencies merge and laws change, history keeps its names.
 */
import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { expectedOf } from '../expected.ts'
import { canonicalAddress, parseCidr } from '../ip.ts'
import { lineOf } from '../line-of.ts'
import { check } from './check.ts'

const id = z.string().regex(/^[a-z0-9][a-z0-9_.-]*$/, 'a lower-case id such as so-y-te')
const text = z.string().min(1)
const date = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d$/, 'a date YYYY-MM-DD')
  .refine((value) => new Date(`${value}T00:00:00Z`).toJSON()?.startsWith(value) ?? false, 'a date that exists')
const address = z.string().transform((value, context) => {
  const ip = value.includes('%') ? undefined : canonicalAddress(value)
  if (ip !== undefined) return ip
  context.issues.push({ code: 'custom', message: 'an IPv4 or IPv6 address', input: value })
  return z.NEVER
})
const cidr = z.string().transform((value, context) => {
  if (value.includes('/') && parseCidr(value)) return value
  context.issues.push({ code: 'custom', message: 'a network such as 10.1.0.0/16 or 2001:db8::/48', input: value })
  return z.NEVER
})
const domain = z
  .string()
  .regex(
    /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/,
    'a lower-case host name',
  )
const zone = z.string().refine((value) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }) !== undefined
  } catch {
    return false
  }
}, 'an IANA time zone such as Asia/Ho_Chi_Minh')

/** What numbers of incidents begin with: SYT in SYT-2026-014. */
const code = z.string().regex(/^[A-Z][A-Z0-9]{1,11}$/, 'a code of 2 to 12 letters A-Z and digits, such as SYT')

const agency = z.strictObject({
  id,
  code: code.optional(),
  name: text,
  short: text.optional(),
  /** committee: a people's committee or steering body of the province itself; system: a shared system of the data centre. */
  kind: z.enum(['department', 'district', 'commune', 'system', 'committee']),
  parent: id.optional(),
  /** First day in force and the first day no longer. */
  valid_from: date.optional(),
  valid_to: date.optional(),
  successor: id.optional(),
  /** It sits on the province's steering committee. */
  steering: z.boolean().default(false),
})

const portal = z
  .strictObject({
    id,
    domain,
    aliases: z.array(domain).default([]),
    name: text,
    organization: id,
    /** Public ones, and those behind NAT that the servers' own logs show. */
    addresses: z.array(address).default([]),
    /** The network-trust certificate (tín nhiệm mạng). */
    trust: z.strictObject({ number: text.optional(), expires: date }).optional(),
    tls_expires: date.optional(),
    valid_from: date.optional(),
    valid_to: date.optional(),
  })
  .transform((value) => ({ ...value, ipv6: value.addresses.some((ip) => ip.includes(':')) }))

const network = z.strictObject({
  cidr,
  name: text,
  organization: id.optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'an ISO 3166 code such as VN')
    .optional(),
  as: z.strictObject({ number: z.int().min(1).max(4_294_967_295), name: text.optional() }).optional(),
  kind: z.enum(['wan', 'private', 'attacker', 'other']).default('other'),
  valid_from: date.optional(),
  valid_to: date.optional(),
})

const observer = z.strictObject({
  /** As the device calls itself (devname), or its serial number. */
  name: text,
  serial: text.optional(),
  /** From which it sends. */
  address: address.optional(),
  /** The id of the source that reads its log, where the address does not say it: a file, a relay that many send through. */
  source: text.optional(),
  organization: id,
  /** It writes about several agencies (a firewall, a proxy of the data centre): its events are not its owner's. */
  shared: z.boolean().default(false),
})

/** How soon an incident of a level has to be taken up and settled, in hours. */
const hours = z.number().positive()
const service = z.strictObject({ respond: hours, resolve: hours })
const deadlines = z.strictObject({
  valid_from: date,
  legal_basis: text,
  levels: z.record(z.enum(['low', 'medium', 'high', 'critical']), service),
})
const duty = z.strictObject({
  valid_from: date,
  recipient: text,
  legal_basis: text,
  /** Report within so many hours. */
  within: hours.optional(),
})

const schema = z.strictObject({
  province: z.strictObject({ id, code: code.optional(), name: text, timezone: zone }),
  agencies: z.array(agency).min(1),
  portals: z.array(portal).default([]),
  networks: z.array(network).default([]),
  observers: z.array(observer).default([]),
  deadlines: z.array(deadlines).default([]),
  reporting: z.array(duty).default([]),
})

export type Inventory = z.output<typeof schema>
export type Agency = Inventory['agencies'][number]
export type Portal = Inventory['portals'][number]
export type NamedNetwork = Inventory['networks'][number]
export type Observer = Inventory['observers'][number]

export type Path = readonly (string | number)[]
export interface Problem {
  readonly path: Path
  readonly found: unknown
  readonly expected: string
}

const pathText = (path: Path): string =>
  path.reduce<string>((out, part) => (typeof part === 'number' ? `${out}[${part}]` : out ? `${out}.${part}` : part), '')

const shown = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  const json = JSON.stringify(value) ?? String(value)
  return json.length > 80 ? `${json.slice(0, 77)}…` : json
}

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (v, part) => (typeof v === 'object' && v !== null ? (v as Record<string, unknown>)[part] : undefined),
    value,
  )

/**
 * Reads an inventory file. Throws one Error that names file and line, the path, what stands there and what was expected,
 * for each problem found (ten at most).
 */
export const parseInventory = (source: string, file: string): Inventory => {
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, maxAliasCount: 100 } as Parameters<
    typeof parseDocument
  >[1])
  const broken = document.errors[0]
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0])
    throw new Error(`${file}:${line}:${col}: this is not YAML: ${broken.message.split('\n')[0]}`)
  }
  const raw: unknown = document.toJS({ maxAliasCount: 100 })
  const fail = (problems: readonly Problem[]): never => {
    const texts = problems
      .slice(0, 10)
      .map(
        ({ path, found, expected }) =>
          `${file}:${lineOf(document, lines, path)}: ${pathText(path) || 'the file'} is ${shown(found)}, expected ${expected}`,
      )
    const more = problems.length > 10 ? [`and ${problems.length - 10} more`] : []
    throw new Error([...texts, ...more].join('\n'))
  }
  const result = schema.safeParse(raw)
  if (!result.success) {
    return fail(
      result.error.issues.flatMap((issue): Problem[] => {
        const path = issue.path as (string | number)[]
        if (issue.code === 'unrecognized_keys') {
          return issue.keys.map((key) => ({
            path: [...path, key],
            found: at(raw, [...path, key]),
            expected: `no such key here`,
          }))
        }
        return [{ path, found: at(raw, path), expected: expectedOf(issue).en }]
      }),
    )
  }
  const problems = check(result.data)
  return problems.length > 0 ? fail(problems) : result.data
}
