/** What a figure has to be read with: on a shared machine others take a part of the processors, and more at some times. */
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

const jiffies = (): { all: number; stolen: number } | undefined => {
  try {
    const [, ...times] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/\s+/).map(Number)
    const [user = 0, nice = 0, system = 0, , , irq = 0, soft = 0, stolen = 0] = times
    return { all: user + nice + system + irq + soft + stolen, stolen }
  } catch {
    return undefined // Linux only
  }
}

export const machine = (): string => `${cpus().length} × ${cpus()[0]?.model}`

/** Answers, when it is called, which part of the time that was wanted since then others took (`steal` of proc(5)). */
export const watchSteal = (): (() => string) => {
  const before = jiffies()
  return () => {
    const after = jiffies()
    if (!before || !after || after.all === before.all) return 'unknown'
    return `${Math.round(((after.stolen - before.stolen) / (after.all - before.all)) * 100)} %`
  }
}
