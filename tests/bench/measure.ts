/** What a command costs: seconds, CPU of it and of all that it started, the most memory any of them held. Linux. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Cost {
  readonly seconds: number
  /** User and system, seconds. */
  readonly cpu: number
  /** Bytes resident. */
  readonly peak: number
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // it has ended
  }
}
/** A process and all below it. */
export const family = (pid: number): number[] => [
  pid,
  ...read(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter((each) => each.trim() !== '')
    .flatMap((child) => family(Number(child))),
]
const HERTZ = 100 // USER_HZ, whatever the kernel's own is
export const usedBy = (pid: number): { cpu: number; peak: number } => {
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /, '')
    .split(' ')
  const [, peak = '0'] = /VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`)) ?? []
  return { cpu: (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / HERTZ, peak: Number(peak) * 1024 }
}

/** Runs a command to its end; rejects with what it said where it failed. */
export const costOf = (
  command: string,
  args: readonly string[],
  options: { cwd?: string } = {},
): Promise<Cost & { readonly out: string }> =>
  new Promise((resolve, reject) => {
    const began = performance.now()
    // The shell tells the times of what it waited for, and of what that waited for.
    const shell = ['-c', 'TIMEFORMAT="cpu %U %S"; time "$@"', 'bash', command, ...args]
    const child = spawn('bash', shell, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err, peak] = ['', '', 0]
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (err += text))
    const timer = setInterval(() => {
      for (const pid of family(child.pid!)) peak = Math.max(peak, usedBy(pid).peak)
    }, 100)
    child.once('close', (code) => {
      clearInterval(timer)
      const seconds = (performance.now() - began) / 1000
      const [, user, system] = /cpu ([\d.]+) ([\d.]+)\s*$/.exec(err) ?? []
      if (code !== 0 || user === undefined) reject(new Error(`${command} ${args.join(' ')}: ${err || out}`))
      else resolve({ seconds, cpu: Number(user) + Number(system), peak, out })
    })
  })

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
