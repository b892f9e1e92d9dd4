/**
 * JMH benchmarks of the pure rooms. All of them:
 *
 * <pre>
 * mvn -q -DskipTests package &amp;&amp; java -cp "benchmarks/target/classes:$(cat benchmarks/target/classpath.txt)" \
 *     org.openjdk.jmh.Main
 * </pre>
 *
 * A name after {@code Main}, such as {@code Sampling}, chooses some. {@code StepOverhead} needs the environment that {@code
 * ./lockstep} sets (see {@code lockstep doctor}), or freed memory goes back to the kernel in each step.
 */
@NullMarked
package dev.lockstep.benchmarks;

import org.jspecify.annotations.NullMarked;
