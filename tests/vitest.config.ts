import { defineConfig } from 'vitest/config'
import Sequencer from './sequence.ts'

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    // Every text that is handed to DuckDB is looked at.
    env: { VONGLAU_CHECK_SLOTS: '1' },
    include: ['tests/**/*.test.ts'],
    // A process each: DuckDB and the clock of a demo are not shared. Two cores, three at a time: one mostly waits.
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: Sequencer },
    // A machine may be slow for minutes, and no test asserts a time: these only end one that hangs.
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    expect: { poll: { timeout: 120_000 } },
    globalSetup: ['tests/setup.ts'],
  },
})
