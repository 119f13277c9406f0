/**
 * Backtests under way and done, as documents: whichever process is asked knows them. One process runs one for each person and two in
 * all; one whose process has ended is told as failed. They are kept for a day.
 */
import { EVERYTHING, type Filter } from '../ingest/store/filter.ts'
import { type Document, type DocumentStore, type Stored, SYSTEM } from '../ingest/store/store.ts'
import { backtest as run, type BacktestOptions, type BacktestResult } from '../rules/backtest.ts'
import { newActId } from '../rules/case/decide.ts'
import { pagesOf } from '../rules/case/pages.ts'
import { exceptionsNow } from '../rules/exceptions.ts'
import type { Rule } from '../rules/rule.ts'
import { labelOf } from '../rules/ruleset.ts'
import { zoneOffset } from './context.ts'
import type { Installation } from './installation.ts'
import { guardOf } from './masks.ts'
import { Refusal } from './refusal.ts'

export interface BacktestDocument extends Document {
  readonly rule: string
  /** The version that it was of (`labelOf`); absent where it was a text. */
  readonly label?: string
  readonly state: 'running' | 'done' | 'failed' | 'cancelled'
  readonly by: string
  readonly at: number
  /** When it was last seen to go on. */
  readonly alive: number
  readonly progress: number
  readonly reached?: number
  readonly error?: string
  readonly result?: BacktestResult
}
const DAY = 86_400_000
/** ms between two writes of progress; without one for so long, its process is gone. */
const TELL = 500
const GONE = 60_000
const AT_ONCE = 2

const collection = (documents: DocumentStore) => documents.collection<BacktestDocument>('backtests')

const narrowed = (rule: Rule, guard: (filter: Filter) => Filter): Rule => ({
  ...rule,
  filter: guard(rule.filter),
  ...(rule.bases ? { bases: rule.bases.map((base) => ({ ...base, filter: guard(base.filter) })) } : {}),
})

/** What a backtest goes by: the exceptions in force now, and the province's days. */
export const backtestOf = async (
  installation: Installation,
  rule: Rule,
  range: { readonly from?: number | undefined; readonly to?: number | undefined },
  signal?: AbortSignal,
  /** Of who is not shown everything. */
  guard?: (filter: Filter) => Filter,
) => {
  const { store, config, inventory } = installation
  const exceptions = await exceptionsNow(store.documents, guardOf(config.masks))
  const offset = dayOffset(inventory.province.timezone)
  const options: BacktestOptions = { ...range, exceptions, offset, signal }
  return run(store, guard ? narrowed(rule, guard) : rule, options)
}
/** An offset holds for an hour at least; asked for each event it would cost more than the looking. */
const dayOffset = (timezone: string) => {
  const known = new Map<number, number>()
  return (at: number): number => {
    const hour = Math.floor(at / 3_600_000)
    let offset = known.get(hour)
    if (offset === undefined) known.set(hour, (offset = zoneOffset(timezone, at)))
    return offset
  }
}

const running = new Map<string, { readonly by: string; readonly abort: AbortController }>()

export const startBacktest = async (
  installation: Installation,
  rule: Rule,
  range: { readonly from?: number | undefined; readonly to?: number | undefined },
  by: string,
  guard: ((filter: Filter) => Filter) | undefined,
  draft = false,
): Promise<Stored<BacktestDocument>> => {
  if ([...running.values()].some((each) => each.by === by) || running.size >= AT_ONCE)
    throw new Refusal(
      409,
      'busy',
      'Đang có lần thử trên dữ liệu cũ khác: hãy chờ nó xong hoặc huỷ nó.',
      'Another backtest is under way: wait until it is done, or cancel it.',
    )
  const backtests = collection(installation.store.documents)
  const id = newActId()
  const at = installation.clock()
  const abort = new AbortController()
  running.set(id, { by, abort })
  const of = draft ? {} : { label: labelOf(rule) }
  const doc: BacktestDocument = { rule: rule.id, ...of, state: 'running', by, at, alive: at, progress: 0 }
  await clear(installation)
  await backtests.put([{ id, version: null, doc }])
  void go(installation, id, doc, backtestOf(installation, rule, range, abort.signal, guard), abort)
  return (await findBacktest(installation, id))!
}

const go = async (
  { store, clock }: Installation,
  id: string,
  first: BacktestDocument,
  begun: ReturnType<typeof backtestOf>,
  abort: AbortController,
): Promise<void> => {
  const backtests = collection(store.documents)
  let doc = first
  /** Where somebody has cancelled it meanwhile, theirs stays. */
  const write = async (set: Partial<BacktestDocument>): Promise<void> => {
    const current = await backtests.get(SYSTEM, id)
    if (current?.doc.state !== 'running') return abort.abort()
    doc = { ...doc, ...set, alive: clock() }
    const [put] = await backtests.put([{ id, version: current.version, doc }])
    if (!put?.ok) abort.abort()
  }
  try {
    const steps = await begun
    let told = performance.now()
    for (;;) {
      const { done, value } = await steps.next()
      if (done) {
        await write({ state: 'done', progress: 1, result: value })
        return
      }
      if (abort.signal.aborted) return
      if (performance.now() - told < TELL) continue
      told = performance.now()
      await write({ progress: value.done, reached: value.at })
    }
  } catch (error) {
    if (!abort.signal.aborted)
      await write({ state: 'failed', error: error instanceof Error ? error.message : String(error) }).catch(() => {})
  } finally {
    running.delete(id)
  }
}

export const findBacktest = async (
  { store, clock }: Installation,
  id: string,
): Promise<Stored<BacktestDocument> | undefined> => {
  const found = await collection(store.documents).get(SYSTEM, id)
  if (found?.doc.state !== 'running' || running.has(id) || clock() - found.doc.alive < GONE) return found
  return {
    ...found,
    doc: { ...found.doc, state: 'failed', error: 'the program was stopped before it was done: begin it again' },
  }
}

export const cancelBacktest = async (installation: Installation, id: string): Promise<void> => {
  const backtests = collection(installation.store.documents)
  running.get(id)?.abort.abort()
  for (;;) {
    const current = await backtests.get(SYSTEM, id)
    if (current?.doc.state !== 'running') return
    const [put] = await backtests.put([{ id, version: current.version, doc: { ...current.doc, state: 'cancelled' } }])
    if (put?.ok) return
  }
}

const clear = async ({ store, clock }: Installation): Promise<void> => {
  const backtests = collection(store.documents)
  for await (const page of pagesOf(backtests, EVERYTHING))
    await backtests.deleteMany(page.flatMap(({ id, doc }) => (clock() - doc.at > DAY ? id : [])))
}
