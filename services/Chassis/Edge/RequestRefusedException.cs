using Microsoft.AspNetCore.Http;

namespace Checkout.Chassis.Edge;

/// <summary>A request that can't be taken; answered with a problem of this type and sentence.</summary>
public sealed class RequestRefusedException(ProblemType type, string detail)
    : BadHttpRequestException(detail, type.Status)
{
    public ProblemType Type => type;
}
