/** Exceptions: who sees the whole province sees them; each change is an act in the journal. */
import { Hono } from 'hono'
import { and, eq, type Filter, not, or } from '../../ingest/store/filter.ts'
import { FREE_TEXT, KqlError, parseKql } from '../../ingest/store/kql.ts'
import { doubtOf } from '../../rules/doubt.ts'
import { compile } from '../../ingest/store/match.ts'
import { type Stored, SYSTEM } from '../../ingest/store/store.ts'
import type { Act } from '../../rules/case/act.ts'
import { decide, exceptionsIn, newActId } from '../../rules/case/decide.ts'
import { undo } from '../../rules/case/derive.ts'
import { amended, checkSaid, type Exception, type Excepting, except, LONGEST } from '../../rules/case/exception.ts'
import { historyOf } from '../../rules/case/journal.ts'
import type { Wanted } from '../../rules/case/table.ts'
import { allExceptions, concerns, filterOf, formerGroupOf, groupOfRule, type Hits } from '../../rules/exceptions.ts'
import { hiddenBy } from '../../rules/ledger.ts'
import { OWN } from '../../rules/load.ts'
import { live } from '../../rules/pass.ts'
import type { Rule } from '../../rules/rule.ts'
import { actorOf } from '../acts.ts'
import type { User } from '../auth/auth.ts'
import { type Env, notFound, Refusal, refusalOf, seesAll, zoneOffset } from '../context.ts'
import type { ExceptionEffect, ExceptionRow } from '../contract-rules.ts'
import { does } from '../does.ts'
import type { Installation } from '../installation.ts'
import { may } from '../permissions.ts'
import {
  addException,
  changeException,
  getException,
  listExceptions,
  tryException,
  undoException,
} from '../schema/exceptions.ts'
import { alertsOf } from './alerts.ts'

const DAY = 86_400_000
/** How long the exceptions of who is no rule author may be, and suppressions. */
const OF_ANALYSTS = 90 * DAY
const OF_SUPPRESSIONS = 7 * DAY
/** Further than that no effect is looked at; of alerts that were real attacks so many. */
const LOOKED_AT = 30
const MOST_REAL = 200

export const exceptionRow = ({ id, doc }: Stored<Exception>, hits: Hits | undefined): ExceptionRow => {
  const open = doc.spans?.at(-1)
  return {
    id,
    version: doc['case.acts'] ?? 0,
    status: doc['exception.status'],
    kql: doc['exception.kql'],
    rules: [...doc['exception.rules']],
    groups: [...doc['exception.groups']],
    owner: doc['exception.owner'],
    reason: doc['exception.reason'],
    expires: doc['exception.expires'],
    ...(doc['exception.suppression'] ? { suppression: true as const } : {}),
    ...(doc['exception.guarded'] ? { guarded: true as const } : {}),
    ...(doc['exception.alert'] === undefined ? {} : { alert: doc['exception.alert'] }),
    created: doc['exception.created'],
    by: doc['exception.by'],
    ...(open && open.until === undefined ? { since: open.from } : {}),
    hits: hits?.count ?? 0,
    ...(hits ? { last_hit: hits.last } : {}),
    days: Object.entries(hits?.days ?? {}).map(([day, n]) => ({ day, hits: n })),
  }
}

/** What a person wrote, or the sentence that says what is wrong with it. */
const read = (
  installation: Installation,
  { kql, rules, groups }: Partial<Pick<Excepting, 'kql' | 'rules' | 'groups'>>,
  all = rules?.length === 0 && groups?.length === 0,
) => {
  if (kql !== undefined)
    try {
      const doubt = doubtOf(parseKql(kql, { text: FREE_TEXT }), all)
      if (doubt) throw new Refusal(422, 'kql', doubt.vi, doubt.en)
    } catch (error) {
      if (!(error instanceof KqlError)) throw error
      throw new Refusal(422, 'kql', error.vi, error.message, { from: error.from, to: error.to })
    }
  const known = new Set(installation.rules.flatMap(({ id, bases = [] }) => [id, ...bases.map((base) => base.id)]))
  const unknown = rules?.find((id) => !known.has(id))
  if (unknown !== undefined)
    throw new Refusal(422, 'rule', `Không có luật "${unknown}".`, `There is no rule "${unknown}".`)
  const folders = new Set([...installation.rules.map(groupOfRule), OWN])
  // What was written before is changed as it stands.
  const former = new Set(installation.rules.map(formerGroupOf))
  const missing = groups?.find((group) => !folders.has(group) && !former.has(group))
  if (missing !== undefined)
    throw new Refusal(
      422,
      'group',
      `Không có nhóm luật "${missing}": có ${[...folders].join(', ')}.`,
      `There is no group of rules "${missing}": there are ${[...folders].join(', ')}.`,
    )
}
const longestFor = (user: User, suppression: boolean): number =>
  suppression ? OF_SUPPRESSIONS : may(user, 'rules') ? LONGEST : OF_ANALYSTS
const checked = (work: () => void): void => {
  try {
    work()
  } catch (error) {
    refusalOf(error)
  }
}

const found = async (installation: Installation, id: string): Promise<Stored<Exception>> => {
  const stored = await exceptionsIn(installation.store.documents).get(SYSTEM, id)
  if (!stored) throw notFound('ngoại lệ này', 'exception')
  return stored
}
const rowOf = async (installation: Installation, stored: Stored<Exception>): Promise<ExceptionRow> =>
  exceptionRow(stored, (await hiddenBy(installation.store.documents))[stored.id])

const FIRST = { active: 0, withdrawn: 1, ended: 1 }
/** Those that are for a rule, or all; in force first, those that end soonest before the others. */
export const exceptionRows = async (installation: Installation, rule?: Rule): Promise<ExceptionRow[]> => {
  const hits = await hiddenBy(installation.store.documents)
  return (await allExceptions(installation.store.documents))
    .map((stored) => exceptionRow(stored, hits[stored.id]))
    .filter((row) => !rule || concerns(row, rule))
    .sort(
      (a, b) =>
        FIRST[a.status] - FIRST[b.status] || (a.status === 'active' ? a.expires - b.expires : b.expires - a.expires),
    )
}

const text = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value))
const historyRow = ({ at, actor, id, what, changes }: Act) => ({
  at,
  by: actor.kind === 'program' ? 'system' : actor.name,
  act: id,
  what: what as 'except' | 'amend' | 'withdraw' | 'expire' | 'undo',
  changes: Object.entries(changes).map(([field, { from, to }]) => ({
    field: field.replace('exception.', ''),
    ...(from === undefined ? {} : { from: text(from) }),
    ...(to === undefined ? {} : { to: text(to) }),
  })),
})

export const exceptions = new Hono<Env>()
  .get('/', does(listExceptions), async (c) => {
    const { installation, scope } = c.var
    const { rule: id, status } = c.req.valid('query')
    const rule = id === undefined ? undefined : installation.rules.find((each) => each.id === id)
    // Conditions name addresses and portals of any agency.
    if (!seesAll(scope) || (id !== undefined && !rule)) return c.json({ items: [] })
    const items = await exceptionRows(installation, rule)
    return c.json({ items: items.filter((row) => status === 'all' || row.status === status) })
  })
  .get('/:id', does(getException), async (c) => {
    const { installation, scope } = c.var
    if (!seesAll(scope)) throw notFound('ngoại lệ này', 'exception')
    const stored = await found(installation, c.req.param('id'))
    const history = await historyOf(installation.store.documents, stored.id, stored.doc)
    return c.json({ ...(await rowOf(installation, stored)), history: history.map(historyRow) })
  })
  .post('/', does(addException), async (c) => {
    const { installation, user, sight } = c.var
    const { owner = user.username, suppression, ...said } = c.req.valid('json')
    read(installation, said)
    checked(() => checkSaid(said, installation.clock(), longestFor(user, suppression === true)))
    const stored = await except(
      installation.cases,
      { ...said, owner, ...(suppression ? { suppression } : {}), ...(sight.whole ? {} : { guarded: true }) },
      actorOf(user),
    ).catch(refusalOf)
    return c.json(await rowOf(installation, stored))
  })
  .post('/effect', does(tryException), async (c) => {
    const { installation, sight } = c.var
    const about = c.req.valid('json')
    read(installation, about)
    const filter = sight.narrowed(filterOf({ ...about, expires: 0 }))
    return c.json(await effectOf(installation, about, filter, c.req.raw.signal))
  })
  .post('/:id', does(changeException), async (c) => {
    const { installation, user, sight } = c.var
    const { version, withdraw, ...said } = c.req.valid('json')
    const { id, doc } = await found(installation, c.req.param('id'))
    const { rules = doc['exception.rules'], groups = doc['exception.groups'] } = said
    const all = rules.length === 0 && groups.length === 0
    // For every rule from now on: what it says is looked at again.
    read(installation, { ...(all ? { kql: doc['exception.kql'] } : {}), ...said }, all)
    checked(() => checkSaid(said, installation.clock(), longestFor(user, doc['exception.suppression'] === true)))
    const set = { ...said, ...(said.kql !== undefined && !sight.whole ? { guarded: true as const } : {}) }
    const wanted: Wanted[] = [
      ...(Object.keys(said).length > 0 ? [amended(set)] : []),
      ...(withdraw ? [{ what: 'withdraw' as const, id: newActId() }] : []),
    ]
    const asked = { kind: 'exception', id, seen: version, scope: SYSTEM, actor: actorOf(user) } as const
    const done = await decide<Exception>(installation.cases, { ...asked, wanted })
    if (!done.ok) return refusalOf(done.refused)
    return c.json(await rowOf(installation, done.stored))
  })
  .post('/:id/undo', does(undoException), async (c) => {
    const { installation, user } = c.var
    const { id } = await found(installation, c.req.param('id'))
    const asked = { kind: 'exception', id, scope: SYSTEM, actor: actorOf(user) } as const
    const done = await undo<Exception>(installation.cases, asked, c.req.valid('json').act)
    if (!done.ok) return refusalOf(done.refused)
    return c.json(await rowOf(installation, done.stored))
  })

/** What the rules met in the last 30 days, and what of that the filter names: events by day, in the province's zone. */
const effectOf = async (
  installation: Installation,
  about: Pick<Excepting, 'rules' | 'groups'>,
  filter: Filter,
  signal: AbortSignal,
): Promise<ExceptionEffect> => {
  const to = installation.clock()
  const offset = zoneOffset(installation.inventory.province.timezone, to)
  const from = Math.floor((to + offset) / DAY) * DAY - offset - (LOOKED_AT - 1) * DAY
  const rules = installation.rules.filter((rule) => concerns({ ...about, kql: '', expires: 0 }, rule))
  const met = live(or(...rules.map((rule) => (rule.endsWith ? and(rule.filter, not(rule.endsWith)) : rule.filter))))
  const counts = async (of: Filter) => {
    const { items } = await installation.store.events.aggregate(SYSTEM, {
      filter: of,
      from,
      to: to + 1,
      by: [{ every: DAY, offset: from % DAY }],
      limit: LOOKED_AT + 1,
      signal,
    })
    return new Map(items.map(({ key, count }) => [Number(key[0]), count]))
  }
  const matched = await counts(met)
  const hidden = await counts(and(met, filter))
  const days = Array.from({ length: LOOKED_AT }, (_, i) => from + i * DAY).map((at) => ({
    at,
    matched: matched.get(at) ?? 0,
    hidden: hidden.get(at) ?? 0,
  }))
  const holds = compile(filter)
  const { items } = await alertsOf(installation).query(SYSTEM, {
    filter: and(eq('rule.id', ...rules.map(({ id }) => id)), eq('alert.reason', 'true_positive'), {
      op: 'range',
      field: 'alert.last',
      gte: from,
    }),
    sort: [{ field: 'alert.last', order: 'desc' }],
    limit: MOST_REAL,
  })
  return {
    from,
    to,
    matched: days.reduce((sum, day) => sum + day.matched, 0),
    hidden: days.reduce((sum, day) => sum + day.hidden, 0),
    days,
    real: items
      .filter(({ doc }) => doc.events.some((event) => holds(event)))
      .map(({ id, doc }) => ({
        id,
        at: doc['alert.first'],
        ...(doc.incident_number === undefined ? {} : { incident: doc.incident_number }),
      })),
  }
}
