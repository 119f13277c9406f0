import { networkInterfaces } from 'node:os'
import { Hono } from 'hono'
import { eq } from '../../ingest/store/filter.ts'
import { type Scope, SYSTEM } from '../../ingest/store/store.ts'
import { deviceLookup } from '../../ingest/inventory/device.ts'
import { agencyName, countedWith, isKnown, ownerOf, systemOf } from '../../ingest/inventory/scope.ts'
import { sees } from '../../ingest/store/scope.ts'
import { canonicalAddress } from '../../ingest/ip.ts'
import { parsers } from '../../ingest/parsers/index.ts'
import { audit, type Env } from '../context.ts'
import type { SourceRow, SourceSetup } from '../contract.ts'
import type { Config } from '../config.ts'
import { does } from '../does.ts'
import type { Installation } from '../installation.ts'
import { may } from '../permissions.ts'
import { notFound } from '../refusal.ts'
import { assignSender, getUnknown, listSources, listUnknown } from '../schema/sources.ts'
import { assign, readingOf, unknownSenders } from '../unknown.ts'

const HOUR = 3_600_000

/**
 * The agency of a source: as the configuration says it, or the inventory of the device behind it. One with `serves` is
 * shared, whoever owns it: its lines are those of all that it serves.
 */
const agencyOf = ({ config, inventory }: Installation, id: string): string | undefined => {
  const source = config.sources.find((each) => each.id === id)
  if (source?.serves) return undefined
  if (source?.organization !== undefined) return ownerOf(inventory, source.organization).organization
  const owner = source?.system === undefined ? undefined : systemOf(inventory, source.system)?.owner
  return owner ?? deviceLookup(inventory).ownerOfSource(id)
}
/** The system of a source: as the configuration says it, or the device behind it. */
const systemOfSource = ({ config, inventory }: Installation, id: string): string | undefined => {
  const source = config.sources.find((each) => each.id === id)
  const named = source?.organization === undefined ? undefined : ownerOf(inventory, source.organization).system
  // Whose relay or proxy it is says nothing of the others that send through it.
  return source?.system ?? named ?? (source?.serves ? undefined : deviceLookup(inventory).systemOfSource(id))
}

/** A source is its agency's; one that serves several agencies belongs to those who see everything. */
export const seesSource = (installation: Installation, scope: Scope, id: string): boolean => {
  if ('system' in scope) return true
  return sees(scope, agencyOf(installation, id), systemOfSource(installation, id))
}

export const sourceRows = async (installation: Installation, scope: Scope): Promise<SourceRow[]> => {
  const { inventory, config } = installation
  const now = installation.clock()
  const start = Math.floor(now / HOUR) * HOUR - 23 * HOUR
  const counts = async (kind?: string) => {
    const buckets = await installation.store.events.aggregate(SYSTEM, {
      filter: kind ? eq('event.kind', kind) : { op: 'not', of: eq('event.dataset', 'vonglau.source') },
      // By the events' own time, as the list that the number opens.
      from: start,
      to: start + 24 * HOUR,
      by: [{ terms: 'vonglau.source.id' }, { every: HOUR }],
      limit: 100_000,
    })
    const out = new Map<string, number[]>()
    for (const { key, count } of buckets.items) {
      const id = String(key[0])
      const i = Math.floor((Number(key[1]) - start) / HOUR)
      if (!out.has(id)) out.set(id, new Array<number>(24).fill(0))
      if (i >= 0 && i < 24) out.get(id)![i]! += count
    }
    return out
  }
  const lines = await counts()
  const unparsed = await counts('pipeline_error')
  const statuses = await installation.status()
  // What came before this start of the program is asked for only where nothing came since.
  const quiet = statuses.some((status) => status.lastLine === undefined)
  const earlier = quiet
    ? (
        await installation.store.events.aggregate(SYSTEM, {
          filter: { op: 'not', of: eq('event.dataset', 'vonglau.source') },
          from: now - 7 * 24 * HOUR,
          by: [{ terms: 'vonglau.source.id' }],
          limit: 10_000,
        })
      ).items
    : []
  const last = new Map(earlier.map(({ key, last: at }) => [String(key[0]), at]))
  return statuses.flatMap((status): SourceRow[] => {
    if (!seesSource(installation, scope, status.id)) return []
    const source = config.sources.find(({ id }) => id === status.id)
    const organization = agencyOf(installation, status.id)
    const system = systemOfSource(installation, status.id)
    const recent = lines.get(status.id) ?? new Array<number>(24).fill(0)
    const bad = unparsed.get(status.id) ?? new Array<number>(24).fill(0)
    const lastEvent = status.lastLine ?? last.get(status.id)
    // Lines of an earlier start of the program count too: a source that stopped before it is silent, not waiting.
    const state =
      status.state === 'waiting' && lastEvent !== undefined
        ? now - lastEvent > (source?.silent ?? 15) * 60_000
          ? 'silent'
          : 'receiving'
        : status.state
    return [
      {
        id: status.id,
        parser: source?.parser ?? status.id,
        title: source?.title ?? parsers.get(source?.parser ?? '')?.title ?? status.id,
        kind: source?.collect.kind ?? 'syslog',
        ...(organization
          ? {
              organization: {
                id: organization,
                name: agencyName(inventory, organization) ?? organization,
              },
              agencies: countedWith(inventory, organization),
            }
          : {}),
        ...(system === undefined ? {} : { system }),
        state,
        ...(status.problem ? { problem: status.problem } : {}),
        ...(lastEvent === undefined ? {} : { last_event: lastEvent }),
        rate: status.rate,
        lag: status.lag,
        lines: recent.reduce((a, b) => a + b, 0),
        unparsed: bad.reduce((a, b) => a + b, 0),
        behind: status.behind,
        ...(status.timeAhead ? { time_ahead: true } : {}),
        recent: { start, every: HOUR, lines: recent, unparsed: bad },
      },
    ]
  })
}

/** The address that devices reach: public_url, else the first address of this machine that is not its own loopback. */
export const publicAddress = (config: Config): { host: string; url: string } => {
  if (config.public_url) return { host: new URL(config.public_url).hostname, url: config.public_url.replace(/\/$/, '') }
  const [, host, port] = /^(.*):(\d+)$/.exec(config.listen)!
  const own = Object.values(networkInterfaces())
    .flat()
    .find((each) => each && !each.internal && each.family === 'IPv4')?.address
  const shown = /^(0\.0\.0\.0|\[::\])$/.test(host!) ? (own ?? '127.0.0.1') : host!
  return { host: shown, url: `${config.tls ? 'https' : 'http'}://${shown}:${port}` }
}

/** `bound`: the ports that are really open, for port 0 asks for any. */
export const setupOf = (config: Config, bound: { udp?: number; tcp?: number }): SourceSetup => {
  const { host, url } = publicAddress(config)
  const portOf = ([address]: readonly string[] = []) => (address ? Number(/:(\d+)$/.exec(address)![1]) : undefined)
  const udp = bound.udp ?? portOf(config.syslog.udp)
  const tcp = bound.tcp ?? portOf(config.syslog.tcp)
  const port = udp ?? tcp
  const bare = host.replace(/^\[|\]$/g, '')
  const first =
    port === undefined
      ? `# Trong vonglau.yml, mở cổng nhận syslog trước / open a syslog port first:\n#   syslog: { udp: "0.0.0.0:5514", tcp: "0.0.0.0:5514" }\n`
      : ''
  const shown = port ?? 5514
  return {
    address: host,
    ...(port === undefined ? {} : { syslog_port: port }),
    http: `${url}/ingest/`,
    snippets: [...parsers.values()].flatMap(({ id, title, settings }) =>
      settings.map(({ collect, where, text }) => ({
        parser: id,
        title,
        where,
        text: `${collect === 'syslog' ? first : ''}${text({ host: bare, port: shown, tcp: udp === undefined && tcp !== undefined, http: `${url}/ingest/` })}
# vonglau.yml
sources:
  - id: ${idOf(id)}
    parser: ${id}
    organization: <cơ quan>
    ${WAYS[collect]}
`,
      })),
    ),
  }
}
/** The id that a newcomer may give the source; the IIS script sends to it. */
const idOf = (parser: string): string => (parser === 'fortinet_fortigate' ? 'fw-01' : `${parser.split('_')[0]}-01`)
const WAYS = {
  syslog: 'syslog: { from: ["<địa chỉ thiết bị>"] }',
  http: 'http: { token: "<token, ít nhất 16 ký tự>" }',
  file: 'file: { path: <đường dẫn> }',
} as const

const senderOf = (text: string): string => {
  const address = canonicalAddress(text)
  if (address === undefined) throw notFound('thiết bị', 'sender')
  return address
}

export const sources = new Hono<Env>()
  .get('/', does(listSources), async (c) =>
    c.json({
      items: (await sourceRows(c.var.installation, c.var.scope)).sort((a, b) => a.id.localeCompare(b.id)),
      setup: setupOf(c.var.installation.config, c.var.installation.syslog),
      ...(may(c.var.user, 'admin')
        ? {
            texts: {
              waiting: [...c.var.installation.sourcebook.waiting()],
              ended: [...c.var.installation.sourcebook.ended()],
            },
          }
        : {}),
    }),
  )
  .get('/unknown', does(listUnknown), async (c) => c.json({ items: await unknownSenders(c.var.installation) }))
  .get('/unknown/:address', does(getUnknown), async (c) =>
    c.json(await readingOf(c.var.installation, senderOf(c.req.param('address')))),
  )
  .post('/unknown/:address', does(assignSender), async (c) => {
    const { installation } = c.var
    const { id, parser, organization } = c.req.valid('json')
    const address = senderOf(c.req.param('address'))
    if (!parsers.has(parser) && !installation.config.described.has(parser)) throw notFound('bộ đọc', 'parser')
    if (organization !== undefined && !isKnown(installation.inventory, organization))
      throw notFound('cơ quan', 'agency')
    const assigned = await assign(installation, { address, id, parser, organization })
    await audit(c, 'source.add', id, `${parser}, ${address}${organization === undefined ? '' : `, ${organization}`}`)
    return c.json(assigned)
  })
