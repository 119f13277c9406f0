/** `vonglau rules backfill`: what would be raised, then, where a person says so, the raising. */
import { createInterface } from 'node:readline/promises'
import { counted } from '../../ingest/counted.ts'
import type { BacktestResult } from '../../rules/backtest.ts'
import type { Backfill } from '../../rules/backfill.ts'
import type { Request } from '../control.ts'
import { backtestLines } from './backtest.ts'
import type { Answer } from './reach.ts'
import { openPart, print } from './show.ts'

export const backfillLines = async (
  ask: (request: Request) => AsyncIterable<Answer>,
  { rule, from, to, yes }: { readonly rule: string; readonly from: number; readonly to: number; readonly yes: boolean },
  by: string,
  timezone: string,
): Promise<void> => {
  let found: { label: string; result: BacktestResult } | undefined
  const shown = async function* (): AsyncIterable<Answer> {
    for await (const answer of ask({ ask: 'backtest', rule, from, to })) {
      if ('result' in answer) found = answer as unknown as typeof found
      yield answer
    }
  }
  await print(await backtestLines(shown(), timezone, false))
  if (!found || found.result.alerts === 0) return await print(['nothing would be raised'])
  if (!yes && !(await confirmed())) return await print(['nothing was raised: say --yes, or answer y'])
  const bar = openPart()
  let last: Backfill | undefined
  try {
    for await (const answer of ask({ ask: 'backfill', rule, label: found.label, from, to, by })) {
      last = answer['backfill'] as Backfill
      bar.update(last.progress, last.raised)
    }
  } finally {
    bar.stop()
  }
  if (last?.state !== 'done')
    throw new Error(`it ended as ${last?.state ?? 'unknown'}: ${last?.error ?? 'begin it again'}`)
  await print([
    `${counted(last.raised, 'alert')} raised, ${last.extended} more were added to; what was told already is left as it is`,
  ])
}

const confirmed = async (): Promise<boolean> => {
  if (!process.stdin.isTTY) return false
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return /^y(es)?$/i.test((await lines.question('raise these alerts? [y/N] ')).trim())
  } finally {
    lines.close()
  }
}
