import { defineConfig } from 'vitest/config'
import Sequencer from './sequence.ts'

// Modules as they were compiled are kept, for the tests' processes and their threads as for those of the program.
process.env['NODE_COMPILE_CACHE'] ??= new URL('../node_modules/.cache/vonglau', import.meta.url).pathname

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    // Every text that is handed to DuckDB is looked at.
    env: { VONGLAU_CHECK_SLOTS: '1' },
    include: ['tests/**/*.test.ts'],
    // Processes, for signals, masks and time zones are a process's. A file leaves nothing behind, so the next one goes on in its
    // process: what the program is made of is loaded and warm. Two cores, three at a time: one mostly waits.
    pool: 'forks',
    isolate: false,
    maxWorkers: 3,
    sequence: { sequencer: Sequencer },
    // A machine may be slow for minutes, and no test asserts a time: these only end one that hangs.
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    expect: { poll: { timeout: 120_000 } },
    globalSetup: ['tests/setup.ts'],
  },
})
