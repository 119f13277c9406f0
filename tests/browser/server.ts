/** The demo as the browser tests need it: the real server with the last days of the province replayed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ACCOUNTS, startDemo as start } from '../../api/demo/demo.ts'
import type { Role } from '../../api/contract.ts'

export interface DemoServer {
  readonly url: string
  readonly accounts: readonly { readonly role: Role; readonly username: string; readonly password: string }[]
  stop(): Promise<void>
}

/** Resolves when the replay of `days` has met the present, so that what a test sees stays. */
export const startDemo = async (days = 2, env: NodeJS.ProcessEnv = {}): Promise<DemoServer> => {
  const data = mkdtempSync(join(tmpdir(), 'vonglau-demo-'))
  rmSync(data, { recursive: true })
  // With each step all rules are run: an hour at a time shows what half an hour does.
  const demo = await start({ listen: '127.0.0.1:0', data, days, step: 3_600_000, env })
  await demo.replayed
  return {
    url: demo.running.url,
    accounts: ACCOUNTS.map(({ role, username, password }) => ({ role, username, password })),
    stop: async () => {
      await demo.stop()
      rmSync(data, { recursive: true, force: true })
    },
  }
}
