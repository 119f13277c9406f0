import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['tests/**/*.test.ts'],
    // A process each: DuckDB and the clock of a demo are not shared. Two cores, two at a time.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // A page may be slow: what is asked is whether it comes, not when.
    expect: { poll: { timeout: 30_000 } },
    globalSetup: ['tests/setup.ts'],
  },
})
