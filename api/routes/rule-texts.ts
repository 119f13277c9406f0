/** The texts of rules: what they were, what differs, and what a person changes of them. */
import { type Context, Hono } from 'hono'
import { difference } from '../../rules/difference.ts'
import { isRuleId, newCorrelation, newRule } from '../../rules/template.ts'
import { StaleText, textHistory } from '../../rules/texts.ts'
import { carried, toldOf } from '../carried.ts'
import { audit, type Env, notFound, seesAll } from '../context.ts'
import type { AddedRule, ChangedRule, RuleVersions } from '../contract-rules.ts'
import { does } from '../does.ts'
import type { Installation } from '../installation.ts'
import { type KnownOfRule, noRuleId, type RuleChanged } from '../rulebook.ts'
import { textNamed } from '../rule-history.ts'
import {
  addRule,
  changeRule,
  getRuleDifference,
  getRuleVersions,
  newRuleText,
  settleRule,
} from '../schema/rule-texts.ts'

const known = (installation: Installation, id: string): KnownOfRule => {
  const found = installation.book.text(id)
  if (!found) throw notFound('luật này', 'rule')
  return found
}

/** What a new rule begins with. */
export const ruleText = new Hono<Env>().get('/new', does(newRuleText), (c) => {
  const { id = 'luat-moi', correlation } = c.req.valid('query')
  if (!isRuleId(id)) throw noRuleId(id)
  const { user, installation } = c.var
  const date = new Date(installation.clock()).toISOString().slice(0, 10)
  return c.json({ yaml: (correlation === 'true' ? newCorrelation : newRule)(id, user.username, date) })
})

export const ruleTexts = new Hono<Env>()
  .post('/', does(addRule), async (c) => {
    const { installation, user } = c.var
    const { yaml, reason } = c.req.valid('json')
    const rule = { text: yaml, reason, by: user.username }
    const body: AddedRule = await changed(
      c,
      () => installation.changeRules((book) => book.add(rule)),
      'rule.add',
      reason,
    )
    return c.json(body)
  })
  .get('/:id/versions', does(getRuleVersions), async (c) => {
    const { installation, scope } = c.var
    const id = c.req.param('id')
    const { head, catalog } = known(installation, id)
    const all = seesAll(scope)
    const body: RuleVersions = {
      id,
      n: head.n,
      text: head.text,
      versions: (await textHistory(installation.store.documents, head)).map(
        ({ n, at, by, reason, brought, ended }) => ({
          n,
          at,
          ...(ended ? { ended } : {}),
          ...(all && by !== undefined ? { by, reason: reason ?? '' } : {}),
          ...(all && brought ? { path: brought.path } : {}),
        }),
      ),
      ...(catalog ? { catalog: { changed: catalog.changed } } : {}),
      waiting: all ? head.waiting.map(({ path }) => ({ path })) : [],
    }
    return c.json(body)
  })
  .get('/:id/difference', does(getRuleDifference), async (c) => {
    const { installation } = c.var
    const rule = known(installation, c.req.param('id'))
    const { to = String(rule.head.n) } = c.req.valid('query')
    const { from = String(Math.max(1, (Number(to) || rule.head.n) - 1)) } = c.req.valid('query')
    const [before, after] = [await textNamed(installation, rule, from), await textNamed(installation, rule, to)]
    if (before === undefined || after === undefined) throw notFound('bản này của luật', 'version of the rule')
    return c.json({ from, to, lines: [...difference(before, after)] })
  })
  .post('/:id/text', does(changeRule), async (c) => {
    const { installation, user } = c.var
    const id = c.req.param('id')
    known(installation, id)
    const { yaml, reason, seen } = c.req.valid('json')
    const change = { text: yaml, reason, seen, by: user.username }
    const work = () => installation.changeRules(async (book) => ({ id, ...(await book.change(id, change)) }))
    return c.json(answerOf(await changed(c, work, 'rule.change', reason)))
  })
  .post('/:id/settle', does(settleRule), async (c) => {
    const { installation, user } = c.var
    const id = c.req.param('id')
    known(installation, id)
    const { take, reason, seen } = c.req.valid('json')
    const change = { text: '', reason, seen, by: user.username }
    const work = () => installation.changeRules(async (book) => ({ id, ...(await book.settle(id, take, change)) }))
    return c.json(answerOf(await changed(c, work, 'rule.settle', `${take}: ${reason}`)))
  })

const answerOf = ({ id: _, ...rest }: AddedRule): ChangedRule => rest

/** Carries it out, leaves its trail, and refuses with what is wrong in it. */
const changed = async (
  c: Context<Env>,
  work: () => Promise<RuleChanged & { readonly id: string }>,
  what: string,
  why: string,
): Promise<AddedRule> => {
  const result = await carried(work, {
    code: 'rule',
    stale: (error) =>
      error instanceof StaleText
        ? `Luật này vừa được người khác sửa (nay là bản ${error.n}): hãy xem lại rồi sửa.`
        : undefined,
    wrong: (message) => [`Luật có lỗi: ${message}`, message],
  })
  const { id } = result
  await audit(c, what, id, `${result.n}: ${why}`)
  return { id, ...toldOf(result) }
}
