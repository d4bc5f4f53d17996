using Checkout.Chassis;
using Checkout.Observer;

return await ObserverProgram.RunAsync(args);
