/** A backtest as a person reads it. */
import { counted } from '../../ingest/counted.ts'
import type { Event } from '../../ingest/event.ts'
import type { BacktestProgress, BacktestResult } from '../../rules/backtest.ts'
import type { Answer } from './reach.ts'
import { openPart, table } from './show.ts'

/** Days that are printed; agencies of a day that are named. */
const MOST_DAYS = 60
const NAMED = 3
/** Letters of an example's raw line. */
const LINE = 160

export const backtestLines = async (
  answers: AsyncIterable<Answer>,
  timezone: string,
  json: boolean,
): Promise<readonly string[]> => {
  const bar = openPart()
  let found: { rule: string; result: BacktestResult } | undefined
  try {
    for await (const answer of answers) {
      if ('progress' in answer) {
        const { done, hits } = answer['progress'] as BacktestProgress
        bar.update(done, hits)
      } else found = answer as unknown as { rule: string; result: BacktestResult }
    }
  } finally {
    bar.stop()
  }
  if (!found) return ['nothing was answered']
  return json ? [JSON.stringify(found)] : linesOf(found.rule, found.result, timezone)
}

const linesOf = (rule: string, result: BacktestResult, timezone: string): readonly string[] => {
  const day = (at: number) => new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short' }).format(at)
  const name = (agency: string | undefined) => agency ?? '(nobody)'
  const { days, agencies, examples, missing, hits, alerts, hidden, events, ms } = result
  const shown = days.slice(-MOST_DAYS)
  return [
    `${rule}: ${counted(hits, 'hit')}, ${counted(alerts, 'alert')} in ${counted(events, 'event')}, ${(ms / 1000).toFixed(1)} s${
      hidden > 0 ? `; exceptions hide ${counted(hidden, 'event')}` : ''
    }`,
    ...missing.map(({ day, reason }) => `the events of ${day} cannot be read: ${reason}`),
    ...(days.length > 0
      ? [
          '',
          table([
            ['day', 'hits', 'alerts', 'agencies'],
            ...shown.map((each) => [
              day(each.at),
              each.hits,
              each.alerts,
              `${each.agencies
                .slice(0, NAMED)
                .map((one) => `${name(one.agency)} ${one.hits}`)
                .join(', ')}${each.agencies.length > NAMED ? ` and ${each.agencies.length - NAMED} more` : ''}`,
            ]),
          ]),
          ...(days.length > shown.length ? [`and ${days.length - shown.length} days before`] : []),
          '',
          table([['agency', 'hits', 'alerts'], ...agencies.map((one) => [name(one.agency), one.hits, one.alerts])]),
          '',
          'examples:',
          ...examples.map(exampleLine),
        ]
      : []),
  ]
}

const exampleLine = (event: Event): string => {
  const line = String(event['event.original'] ?? event['url.original'] ?? event['event.action'] ?? '')
  const at = new Date(Number(event['@timestamp'])).toISOString()
  return `  ${at}  ${String(event['organization.id'] ?? '(nobody)')}  ${line.length > LINE ? `${line.slice(0, LINE)}…` : line}`
}
