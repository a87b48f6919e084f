/** The chart and the plain manifests by helm and by Kubernetes' own schemas: the tests of tests/deploy, where both programs are at hand. */
import '../deploy/helm.test.js';
