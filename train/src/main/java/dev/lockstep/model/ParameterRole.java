package dev.lockstep.model;

import org.bytedeco.pytorch.Module;

/** What a parameter is for, which decides whether it is decayed. Told by the module that owns it, never by its full name. */
public enum ParameterRole {
    /** A kernel or matrix. */
    WEIGHT,
    /** The bias of a convolution or of a linear layer. */
    BIAS,
    /** γ or β of a normalization layer. */
    NORM;

    /**
     * @param owner the module that registered the parameter
     * @param key the parameter's name within its owner
     */
    static ParameterRole of(Module owner, String key) {
        if (isNormalization(owner)) {
            return NORM;
        }
        return key.equals("bias") ? BIAS : WEIGHT;
    }

    private static boolean isNormalization(Module module) {
        return exists(module.asBatchNorm2d())
                || exists(module.asBatchNorm1d())
                || exists(module.asBatchNorm3d())
                || exists(module.asGroupNorm())
                || exists(module.asLayerNorm())
                || exists(module.asInstanceNorm2d())
                || exists(module.asInstanceNorm1d())
                || exists(module.asInstanceNorm3d());
    }

    private static boolean exists(org.bytedeco.javacpp.Pointer pointer) {
        return pointer != null && !pointer.isNull();
    }
}
