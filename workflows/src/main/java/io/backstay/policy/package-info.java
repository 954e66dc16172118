/**
 * Choices as pure functions of values: which archive, which point, which servers. An activity calls
 * them and their result is recorded, with the policy's version, so that a changed choice cannot
 * break a run that is under way (rule F1).
 */
package io.backstay.policy;
