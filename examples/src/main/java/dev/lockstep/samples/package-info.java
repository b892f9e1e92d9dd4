/** Programs that use the library as users do; the tests run them. */
@NullMarked
package dev.lockstep.samples;

import org.jspecify.annotations.NullMarked;
