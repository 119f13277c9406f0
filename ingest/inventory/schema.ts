/**
 * What is known of a province, as one schema: agencies, information systems, portals and their certificates, devices and
 * networks, who is called, planned work, the calendar, what the law asks. Everything is dated: agencies merge, systems get
 * another level, laws change, and history keeps its names.
 */
import { z } from 'zod'
import {
  address,
  assumed,
  cidr,
  code,
  contacts,
  date,
  domain,
  hours,
  id,
  link,
  moment,
  text,
  valid,
  zone,
} from './fields.ts'

const province = z.strictObject({
  id,
  code: code.optional(),
  name: text,
  timezone: zone,
  ...valid,
  /** The province that took over: it has an inventory of its own. */
  successor: z.strictObject({ id, name: text }).optional(),
})

/** committee: a people's committee or body of the province itself; centre: a public service unit such as the data centre. */
export const AGENCY_KINDS = ['department', 'district', 'commune', 'committee', 'centre', 'branch'] as const
const agency = z.strictObject({
  id,
  code: code.optional(),
  name: text,
  short: text.optional(),
  kind: z.enum(AGENCY_KINDS),
  parent: id.optional(),
  ...valid,
  /** Who has its duties from valid_to on: of several each sees the history; the first is given portals, devices and networks that name nobody else. */
  successors: z.array(id).default([]),
  /** It sits on the province's steering committee. */
  steering: z.boolean().default(false),
  contacts,
  assumed,
})

const finding = z.strictObject({ text, due: date.optional(), done: date.optional() })
const assessment = z.strictObject({ date, by: text, findings: z.array(finding).default([]) })
/** Nghị định 85/2016/NĐ-CP: the level of an information system is approved by a decision, 1 to 5. */
const level = z.strictObject({
  level: z.int().min(1).max(5),
  from: date,
  decision: text.optional(),
  legal_basis: text.optional(),
})
const system = z.strictObject({
  id,
  name: text,
  short: text.optional(),
  /** Chủ quản: whose it is. */
  owner: id,
  /** Đơn vị vận hành: who runs it and sees it beside the owner. */
  operator: id.optional(),
  /** A platform that many use: what is found on it is one incident of its owner, with all its portals. */
  shared: z.boolean().default(false),
  levels: z.array(level).default([]),
  platform: text.optional(),
  hosting: text.optional(),
  servers: z.array(address).default([]),
  /** Systems that it talks to: ids of this file, or a name of one outside. */
  talks_to: z.array(text).default([]),
  contacts,
  assessments: z.array(assessment).default([]),
  /** Ids under which it was an agency once: what is stored under them is the owner's and the operator's to read. */
  former: z.array(id).default([]),
  ...valid,
  assumed,
})

/** Of a trust certificate: what was seen in the directory, when, by whom. */
const seen = z.strictObject({
  status: z.enum(['granted', 'valid', 'suspended', 'revoked', 'expired']),
  checked: date,
  by: text.optional(),
})
/** The network-trust certificate (tín nhiệm mạng) of the national cybersecurity centre's directory. */
const trust = z.strictObject({
  subject: z.enum(['organization', 'website']).default('website'),
  tier: text.optional(),
  number: text.optional(),
  link: link.optional(),
  granted: date.optional(),
  expires: date.optional(),
  history: z.array(seen).default([]),
  assumed,
})
const portal = z.strictObject({
  id,
  domain,
  aliases: z.array(domain).default([]),
  name: text,
  organization: id,
  system: id.optional(),
  kind: z.enum(['website', 'service', 'api', 'mail', 'other']).default('website'),
  /** Public ones, and those behind NAT that the servers' own logs show. */
  addresses: z.array(address).default([]),
  /** Since when it serves IPv6, where that is known. */
  ipv6_from: date.optional(),
  /** Several where an organisation and its website hold one each. One may be written without the list. */
  trust: z.union([trust.transform((one) => [one]), z.array(trust)]).default([]),
  tls_expires: date.optional(),
  ...valid,
  assumed,
})

const device = z.strictObject({
  /** As the device calls itself (devname), or its serial number. */
  name: text,
  kind: z.enum(['firewall', 'proxy', 'server', 'other']).default('firewall'),
  serial: text.optional(),
  /** From which it sends. */
  address: address.optional(),
  /** The id of the source that reads its log, where the address does not say it: a file, a relay that many send through. */
  source: text.optional(),
  organization: id,
  system: id.optional(),
  /** It writes about several agencies (a firewall, a proxy of the data centre): its events are not its owner's. */
  shared: z.boolean().default(false),
  contacts,
  ...valid,
})

const network = z.strictObject({
  cidr,
  name: text,
  organization: id.optional(),
  system: id.optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'an ISO 3166 code such as VN')
    .optional(),
  as: z.strictObject({ number: z.int().min(1).max(4_294_967_295), name: text.optional() }).optional(),
  kind: z.enum(['wan', 'private', 'attacker', 'other']).default('other'),
  ...valid,
})

/** A certificate for digital signatures (chứng thư số chuyên dùng công vụ). */
const signature = z.strictObject({
  serial: text,
  holder: text,
  organization: id,
  expires: date,
  issued: date.optional(),
  revoked: date.optional(),
  /** The day on which the holder left the agency. */
  left: date.optional(),
})

const planned = z.strictObject({
  id,
  from: moment,
  to: moment,
  organization: id.optional(),
  system: id.optional(),
  portal: id.optional(),
  source: text.optional(),
  who: text,
  why: text,
})

const clock = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'a time of day such as 07:30')
const calendar = z.strictObject({
  /** ISO weekdays, 1 is Monday. */
  days: z.array(z.int().min(1).max(7)).default([1, 2, 3, 4, 5]),
  hours: z.array(z.strictObject({ from: clock, to: clock })).default([
    { from: '07:00', to: '11:00' },
    { from: '13:00', to: '17:00' },
  ]),
  /** Holidays, the first and the last day; Tết moves, so each year's stand here. */
  off: z.array(z.strictObject({ from: date, to: date, name: text, basis: text.optional() })).default([]),
})

/** How soon an incident of a level has to be taken up and settled, in hours. */
const service = z.strictObject({ respond: hours, resolve: hours })
const deadlines = z.strictObject({
  valid_from: date,
  legal_basis: text,
  levels: z.record(z.enum(['low', 'medium', 'high', 'critical']), service),
})
/** What the law asks to report: to whom, of what kind, how soon. What nobody has checked stays empty. */
const duty = z.strictObject({
  ...valid,
  valid_from: date,
  recipient: text,
  report: z.enum(['first', 'progress', 'final']).default('first'),
  legal_basis: text,
  within: hours.optional(),
  source: link.optional(),
  checked: date.optional(),
})

export const schema = z.strictObject({
  province,
  /** Of an installation without a file there are none yet; a file has one at least. */
  agencies: z.array(agency),
  systems: z.array(system).default([]),
  portals: z.array(portal).default([]),
  networks: z.array(network).default([]),
  devices: z.array(device).default([]),
  signatures: z.array(signature).default([]),
  planned: z.array(planned).default([]),
  calendar: calendar.default({
    days: [1, 2, 3, 4, 5],
    hours: [
      { from: '07:00', to: '11:00' },
      { from: '13:00', to: '17:00' },
    ],
    off: [],
  }),
  deadlines: z.array(deadlines).default([]),
  duties: z.array(duty).default([]),
})

/** As it is stored: where nothing is configured, no agency is known. */
export const storedSchema = schema.extend({ agencies: z.array(agency).default([]) })

export type Inventory = z.output<typeof schema>
export type Agency = Inventory['agencies'][number]
export type System = Inventory['systems'][number]
export type Portal = Inventory['portals'][number]
export type TrustCertificate = Portal['trust'][number]
export type NamedNetwork = Inventory['networks'][number]
export type Device = Inventory['devices'][number]
export type Contact = Agency['contacts'][number]
export type PlannedWork = Inventory['planned'][number]

export type Path = readonly (string | number)[]
export interface Problem {
  readonly path: Path
  readonly found: unknown
  readonly expected: string
}

/** Of the kinds that are lists: what one entry is. */
export const ENTRY = {
  agencies: agency,
  systems: system,
  portals: portal,
  devices: device,
  networks: network,
  signatures: signature,
  planned,
} as const
