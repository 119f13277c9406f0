/** The texts of sources: what they were, what differs, and what a person changes of them. */
import { type Context, Hono } from 'hono'
import { difference } from '../../rules/difference.ts'
import { type Head, StaleText, textHistory } from '../../rules/texts.ts'
import { carried, toldOf } from '../carried.ts'
import { audit, type Env } from '../context.ts'
import type { ChangedSource, SourceVersions } from '../contract.ts'
import { does } from '../does.ts'
import type { Installation } from '../installation.ts'
import { notFound } from '../refusal.ts'
import { textNamed } from '../rule-history.ts'
import { changeSource, getSourceDifference, getSourceVersions, settleSource } from '../schema/source-texts.ts'
import { type SourceChanged, SOURCES } from '../sourcebook.ts'

const known = (installation: Installation, id: string): Head => {
  const found = installation.sourcebook.known(id)
  if (!found) throw notFound('nguồn này', 'source')
  return found
}

export const sourceTexts = new Hono<Env>()
  .get('/:id/versions', does(getSourceVersions), async (c) => {
    const { installation } = c.var
    const head = known(installation, c.req.param('id'))
    const versions = await textHistory(installation.store.documents, head, undefined, SOURCES)
    const body: SourceVersions = {
      id: head['text.key'],
      n: head.n,
      text: head.text,
      ...(head.ended ? { ended: head.ended } : {}),
      versions: versions.map(({ n, at, by, reason, brought, ended }) => ({
        n,
        at,
        ...(ended ? { ended } : {}),
        ...(by === undefined ? {} : { by, reason: reason ?? '' }),
        ...(brought ? { path: brought.path } : {}),
      })),
      waiting: head.waiting.map(({ path }) => ({ path })),
    }
    return c.json(body)
  })
  .get('/:id/difference', does(getSourceDifference), async (c) => {
    const { installation } = c.var
    const head = known(installation, c.req.param('id'))
    const { to = String(head.n) } = c.req.valid('query')
    const { from = String(Math.max(1, (Number(to) || head.n) - 1)) } = c.req.valid('query')
    const named = (which: string) => textNamed(installation, { head }, which, SOURCES)
    const [before, after] = [await named(from), await named(to)]
    if (before === undefined || after === undefined) throw notFound('bản này của nguồn', 'version of the source')
    return c.json({ from, to, lines: [...difference(before, after)] })
  })
  .post('/:id/text', does(changeSource), async (c) => {
    const { installation, user } = c.var
    const id = c.req.param('id')
    known(installation, id)
    const body = c.req.valid('json')
    const { reason, seen } = body
    const change = { text: 'end' in body ? undefined : body.yaml, reason, seen, by: user.username }
    const what = 'end' in body ? 'source.end' : 'source.change'
    return c.json(await changed(c, id, () => installation.changeSource(id, change), what, reason))
  })
  .post('/:id/settle', does(settleSource), async (c) => {
    const { installation, user } = c.var
    const id = c.req.param('id')
    known(installation, id)
    const { take, reason, seen } = c.req.valid('json')
    const change = { text: undefined, reason, seen, by: user.username }
    const work = () => installation.changeSource(id, change, take)
    return c.json(await changed(c, id, work, 'source.settle', `${take}: ${reason}`))
  })

/** Carries it out, leaves its trail, and refuses with what is wrong in it. */
const changed = async (
  c: Context<Env>,
  id: string,
  work: () => Promise<SourceChanged>,
  what: string,
  why: string,
): Promise<ChangedSource> => {
  const result = await carried(work, {
    code: 'source',
    stale: (error) =>
      error instanceof StaleText
        ? `Nguồn này vừa được người khác sửa (nay là bản ${error.n}): hãy xem lại rồi sửa.`
        : undefined,
    wrong: (message) => [`Không nhận thay đổi này của nguồn: ${message}`, message],
  })
  await audit(c, what, id, `${result.n}: ${why}`)
  return toldOf(result)
}
