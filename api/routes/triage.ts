/** What people do to alerts. Each is an act of the table (rules/case), named with the number of acts that they saw. */
import { Hono } from 'hono'
import { agencyName } from '../../ingest/inventory/scope.ts'
import { sees } from '../../ingest/store/scope.ts'
import { type Scope, type Stored, StoreError } from '../../ingest/store/store.ts'
import { type Alert, partKey } from '../../rules/alert.ts'
import type { Actor, CaseDocument } from '../../rules/case/act.ts'
import { actsOf } from '../../rules/case/act.ts'
import { type Decided, decide, newActId } from '../../rules/case/decide.ts'
import { undo } from '../../rules/case/derive.ts'
import type { Incident } from '../../rules/case/incident.ts'
import { gather, refresh, take } from '../../rules/case/membership.ts'
import type { Wanted } from '../../rules/case/table.ts'
import { actorOf, wantedOf } from '../acts.ts'
import { type Env, notFound, Refusal, refusalOf } from '../context.ts'
import type { ChangeResult, Language } from '../contract.ts'
import { does } from '../does.ts'
import type { Installation } from '../installation.ts'
import { changeAlerts, giveAgency, joinIncident, leaveIncident, undoAlerts } from '../schema/alerts.ts'
import { incidentRow } from '../rows.ts'

const resultOf = (id: string, decided: Decided, language: Language): ChangeResult =>
  decided.ok
    ? { id, ok: true, version: actsOf(decided.stored.doc), acts: [...decided.acts] }
    : {
        id,
        ok: false,
        message: decided.refused.sentence[language],
        ...(decided.version === undefined ? {} : { version: decided.version }),
      }

/** One after the other. Where the store goes away in between, what was done is said, and of the rest why it was not. */
const each = async <T extends { readonly id: string }>(
  list: readonly T[],
  work: (item: T) => Promise<ChangeResult>,
): Promise<ChangeResult[]> => {
  const results: ChangeResult[] = []
  for (const item of list) {
    try {
      results.push(await work(item))
    } catch (error) {
      if (!(error instanceof StoreError) || !results.some(({ ok }) => ok)) throw error
      for (const { id } of list.slice(results.length)) results.push({ id, ok: false, message: error.message })
      break
    }
  }
  return results
}

const one = (
  { cases }: Installation,
  scope: Scope,
  actor: Actor,
  { id, version }: { id: string; version: number },
  wanted: readonly Wanted[] | ((doc: CaseDocument) => readonly Wanted[]),
) => decide<Alert>(cases, { kind: 'alert', id, seen: version, scope, actor, wanted })

export const triage = new Hono<Env>()
  .post('/change', does(changeAlerts), async (c) => {
    const { installation, scope, user, language } = c.var
    const change = c.req.valid('json')
    if (change.status === 'closed' && !change.reason)
      throw new Refusal(422, 'reason', 'Đóng cảnh báo cần lý do.', 'Closing an alert needs a reason.')
    const results = await each(change.items, async (item) =>
      resultOf(item.id, await one(installation, scope, actorOf(user), item, wantedOf('alert', change)), language),
    )
    return c.json({ results })
  })
  .post('/undo', does(undoAlerts), async (c) => {
    const { installation, scope, user, language } = c.var
    const results = await each(c.req.valid('json').items, async ({ id, act }) =>
      resultOf(id, await undo(installation.cases, { kind: 'alert', id, scope, actor: actorOf(user) }, act), language),
    )
    return c.json({ results })
  })
  .post('/agency', does(giveAgency), async (c) => {
    const { installation, scope, user, language } = c.var
    const { items: list, organization } = c.req.valid('json')
    const name = agencyName(installation.inventory, organization)
    if (name === undefined || !sees(scope, organization))
      throw new Refusal(
        422,
        'agency',
        `Không có cơ quan "${organization}" trong danh mục.`,
        `There is no agency "${organization}" in the inventory.`,
      )
    const results = await each(list, async (item) => {
      const before = await alertOf(installation, scope, item.id)
      const decided = await one(installation, scope, actorOf(user), item, (doc) => {
        const alert = doc as Alert
        return [
          {
            what: 'agency',
            id: newActId(),
            set: {
              'organization.id': organization,
              'organization.name': name,
              'alert.group': partKey(alert['rule.id'], alert.group, organization),
              'alert.moved': alert['alert.moved'] ?? alert['alert.group'],
            },
          },
        ]
      })
      if (decided.ok) await settle(installation, before, decided.stored)
      return resultOf(item.id, decided, language)
    })
    return c.json({ results })
  })
  .post('/leave', does(leaveIncident), async (c) => {
    const { installation, scope, user, language } = c.var
    const results = await each(c.req.valid('json').items, async (item) => {
      const before = await alertOf(installation, scope, item.id)
      const decided = await one(installation, scope, actorOf(user), item, [{ what: 'leave', id: newActId() }])
      if (decided.ok && before?.doc['alert.incident'] !== undefined)
        await refresh(installation.cases, before.doc['alert.incident'])
      return resultOf(item.id, decided, language)
    })
    return c.json({ results })
  })
  .post('/incident', does(joinIncident), async (c) => {
    const { installation, scope, user } = c.var
    const { ids, incident, title } = c.req.valid('json')
    const found: Stored<Alert>[] = []
    for (const alert of await alertsOf(installation).getMany(scope, ids)) {
      if (!alert || alert.doc['alert.status'] === 'absorbed') throw notFound('cảnh báo này', 'alert')
      found.push(alert)
    }
    const into = incident
      ? await installation.store.documents.collection<Incident>('incidents').get(scope, incident)
      : undefined
    if (incident && !into) throw notFound('sự cố này', 'incident')
    const target = await gather(installation.cases, found, actorOf(user), { into, title }).catch(refusalOf)
    return c.json(incidentRow(installation.inventory, target, installation.clock()))
  })

const alertsOf = (installation: Installation) => installation.store.documents.collection<Alert>('alerts')
const alertOf = (installation: Installation, scope: Scope, id: string) => alertsOf(installation).get(scope, id)

/** An alert that got an agency goes where alerts of that agency go. */
const settle = async (
  { cases, rules }: Installation,
  before: Stored<Alert> | undefined,
  now: Stored<Alert>,
): Promise<void> => {
  const rule = rules.find(({ id }) => id === now.doc['rule.id'])
  if (rule) await take(cases, rule, now)
  if (before?.doc['alert.incident'] !== undefined) await refresh(cases, before.doc['alert.incident'])
}
