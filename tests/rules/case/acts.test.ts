import { embeddedPlace } from '../stores.ts'
import { actsSuite } from './acts.suite.ts'

actsSuite('embedded', embeddedPlace, { runs: 25, steps: 30, every: 1, shared: false })
