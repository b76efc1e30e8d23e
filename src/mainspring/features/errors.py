"""What can go wrong with features."""

from mainspring.kernel.errors import Failed, Invalid

__all__ = ["JoinInvalid", "TransformChanged", "TransformInvalid"]


class JoinInvalid(Invalid):
    code = "features.join"
    template = "the facts cannot be joined: {reason}"
    hint = "rename or convert the column first"


class TransformInvalid(Invalid):
    code = "transform.invalid"
    template = "the transformation '{entry}' cannot travel with a model: {reason}"
    hint = "use a plain function at the top of a .py file of your project"


class TransformChanged(Failed):
    code = "transform.changed"
    template = "the code of the transformation '{entry}' is not what the model was trained with ({reason})"
    hint = "the package was edited or damaged: register the model again, or restore it from a backup"
