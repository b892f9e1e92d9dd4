package dev.lockstep.recipe;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The YAML text of a key that is left out. A key without a default is required. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {
    String value();

    /** Other defaults, where another key of the group has certain values. */
    Where[] where() default {};

    /**
     * Whether the written form leaves the key out while it has its default. So a key that is added later changes neither
     * the text nor the hash of recipes that do not use it.
     */
    boolean omitted() default false;

    /** Another default, where a text key of the same group has one of some values. */
    @interface Where {
        String key();

        String[] is();

        String value();
    }
}
