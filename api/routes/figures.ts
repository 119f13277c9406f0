/** What a manager asks: risk, the figures of a period, letters to who is late. */
import { Hono } from 'hono'
import { rangeOf } from '../bounds.ts'
import type { Env } from '../context.ts'
import { does } from '../does.ts'
import { figuresOf } from '../figures/figures.ts'
import { lettersOf } from '../figures/letters.ts'
import { wallOf } from '../figures/wall.ts'
import { riskOf } from '../risk/rows.ts'
import { getFigures, getLetters } from '../schema/figures.ts'
import { getRisk } from '../schema/risk.ts'
import { getWall } from '../schema/wall.ts'

const MONTH = 30 * 86_400_000

export const risk = new Hono<Env>().get('/', does(getRisk), async (c) =>
  c.json(await riskOf(c.var.installation, c.var.scope)),
)
export const figures = new Hono<Env>().get('/', does(getFigures), async (c) => {
  const { installation, scope } = c.var
  const q = c.req.valid('query')
  const { from, to } = rangeOf(q, installation.clock(), MONTH)
  return c.json(await figuresOf(installation, scope, { from, to, organization: q.organization }))
})
export const letters = new Hono<Env>().get('/', does(getLetters), async (c) =>
  c.json(await lettersOf(c.var.installation, c.var.scope)),
)
export const wall = new Hono<Env>().get('/', does(getWall), async (c) =>
  c.json(await wallOf(c.var.installation, c.var.scope)),
)
