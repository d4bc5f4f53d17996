using Microsoft.AspNetCore.Http;

namespace Checkout.Chassis.Edge;

/// <summary>A request that can't be taken; answered with a problem of this title and sentence.</summary>
public sealed class RequestRefusedException(int status, string title, string detail)
    : BadHttpRequestException(detail, status)
{
    public string Title => title;
}
