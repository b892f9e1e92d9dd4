/** Programs that use the library as a user would; the tests run them. */
@NullMarked
package dev.lockstep.samples;

import org.jspecify.annotations.NullMarked;
