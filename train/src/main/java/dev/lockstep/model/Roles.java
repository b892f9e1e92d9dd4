package dev.lockstep.model;

import dev.lockstep.network.ParameterRole;
import org.bytedeco.pytorch.Module;

/** The roles of the parameters of a libtorch module. */
final class Roles {
    private Roles() {}

    /**
     * @param owner the module that registered the parameter
     * @param key the parameter's name within its owner
     */
    static ParameterRole of(Module owner, String key) {
        if (isNormalization(owner)) {
            return ParameterRole.NORM;
        }
        return key.equals("bias") ? ParameterRole.BIAS : ParameterRole.WEIGHT;
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
