/** When the rules run: a store that is away for long must not leave anything behind with every start that it keeps waiting. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Detector } from '../../rules/detect.ts'
import type { Rule } from '../../rules/rule.ts'
import { createSchedule } from '../../rules/schedule.ts'

const warnings: string[] = []
const noted = ({ name }: Error) => void warnings.push(name)
beforeEach(() => {
  vi.useFakeTimers()
  warnings.length = 0
  process.on('warning', noted)
})
afterEach(() => {
  process.off('warning', noted)
  vi.useRealTimers()
})

test('a run that lasts for minutes: no other begins beside it, and those that are missed are one', async () => {
  let [asked, answer] = [0, () => {}]
  const detector = () => {
    asked++
    return new Promise<Detector | undefined>((resolve) => {
      answer = () => resolve(undefined)
    })
  }
  const schedule = createSchedule(
    async () => [],
    detector,
    () => {},
    () => {},
  )
  schedule.start()
  await vi.advanceTimersByTimeAsync(300_000)
  expect(asked).toBe(1)
  expect(warnings).toEqual([])
  answer()
  await vi.advanceTimersByTimeAsync(2500)
  expect(asked).toBe(2)
  answer()
  await schedule.stop()
})

test('a rule with a schedule of its own: at its times, once where some were missed, in its zone', async () => {
  vi.setSystemTime(Date.UTC(2026, 4, 14, 23, 28, 59))
  const rule = (id: string, schedule?: Rule['schedule']) => ({ id, ...(schedule ? { schedule } : {}) }) as Rule
  const rules = [
    rule('always'),
    rule('daily', { cron: '30 6 * * *', timezone: 'Asia/Ho_Chi_Minh' }),
    rule('missed', { cron: '0 6 * * *', timezone: 'Asia/Ho_Chi_Minh' }),
    rule('later', { cron: '0 9 * * *', timezone: 'Asia/Ho_Chi_Minh' }),
  ]
  const ran: Record<string, number[]> = {}
  const detector = {
    // The program was away from 05:50 on.
    ranAt: async () => Date.UTC(2026, 4, 14, 22, 50),
    runAll: async (all: readonly Rule[], report: (rule: Rule) => void, _: unknown, __: unknown, due = all) => {
      expect(all).toHaveLength(rules.length)
      for (const each of due) {
        ;(ran[each.id] ??= []).push(Date.now())
        report(each)
      }
    },
  } as unknown as Detector
  const schedule = createSchedule(
    async () => rules,
    async () => detector,
    () => {},
    () => {},
  )
  schedule.start()
  await vi.advanceTimersByTimeAsync(150_000)
  expect(ran['always']!.length).toBeGreaterThan(50)
  expect(ran['missed']).toHaveLength(1)
  expect(ran['daily']!.map((at) => Math.floor(at / 60_000) * 60_000)).toEqual([Date.UTC(2026, 4, 14, 23, 30)])
  expect(ran['later']).toBeUndefined()
  // Over everything, before the rules are changed.
  await schedule.runAll()
  expect(ran['later']).toHaveLength(1)
  await schedule.stop()
})
