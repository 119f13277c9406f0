import { embeddedPlace } from '../rules/stores.ts'
import { actsSuite } from '../rules/case/acts.suite.ts'

actsSuite('embedded', embeddedPlace, { runs: 24, steps: 36, every: 1, shared: false })
